//! Adam's update in one pass over the weights.

use burn::backend::Flex;
use burn_flex::FlexTensor;

use super::super::{AdamState, AdamStep};
use super::wide::dispatch;
use super::{Values, written};

pub(super) fn update(state: AdamState<Flex>, grad: &[f32], step: AdamStep) -> AdamState<Flex> {
    let [first, second] = [(state.first, step.beta1, false), (state.second, step.beta2, true)].map(
        |(moment, beta, squared)| {
            let moment = Values::of(&moment);
            let (kept, added) = (beta as f32, (1.0 - beta) as f32);
            let next = |(old, grad): (&f32, &f32)| {
                let more = if squared { grad * grad } else { *grad };
                old * kept + more * added
            };
            mapped(moment.get(), grad, next)
        },
    );
    let value = Values::of(&state.value);
    let [epsilon, rate, root, kept] =
        [step.epsilon, step.rate, step.root, step.kept].map(|number| number as f32);
    let (one, two) = (Values::of(&first), Values::of(&second));
    let value = written([grad.len()], |to| {
        dispatch(|| {
            let moments = one.get().iter().zip(two.get());
            for ((to, value), (first, second)) in to.iter_mut().zip(value.get()).zip(moments) {
                *to = value * kept - first / (second.sqrt() / root + epsilon) * rate;
            }
        });
    });
    AdamState { value, first, second }
}

fn mapped(moment: &[f32], grad: &[f32], next: impl Fn((&f32, &f32)) -> f32) -> FlexTensor {
    written([grad.len()], |to| {
        dispatch(|| to.iter_mut().zip(moment.iter().zip(grad)).for_each(|(to, pair)| *to = next(pair)));
    })
}
