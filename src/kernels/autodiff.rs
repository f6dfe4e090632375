//! The interface through burn's automatic differentiation: each operation records its hand-written gradient.
//!
//! Nothing here computes; it only says which inputs a gradient needs and where it goes.

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::ops::FloatTensor;

use super::{Convolved, Filter, Input, Kernels, Measure, Moments, Norm, Wanted};

#[derive(Debug)]
struct Conv;

impl<B: Kernels> Backward<B, 3> for Conv {
    type State = (Input<B>, Filter<B>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (input, filter) = ops.state;
        let [fine, weight, bias] = ops.parents;
        let result = B::convolve_grads(input, filter, grad, Wanted { coarse: false, fine: fine.is_some() });
        let computed = [result.fine, Some(result.weight), Some(result.bias)];
        register::<B>(
            grads,
            [fine, weight, bias].map(|node| node.map(|node| node.id)).into_iter().zip(computed),
        );
    }
}

#[derive(Debug)]
struct JoinedConv;

impl<B: Kernels> Backward<B, 4> for JoinedConv {
    type State = (Input<B>, Filter<B>);

    fn backward(self, ops: Ops<Self::State, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (input, filter) = ops.state;
        let [coarse, fine, ..] = &ops.parents;
        let wanted = Wanted { coarse: coarse.is_some(), fine: fine.is_some() };
        let result = B::convolve_grads(input, filter, grad, wanted);
        let computed = [result.coarse, result.fine, Some(result.weight), Some(result.bias)];
        register::<B>(grads, ops.parents.map(|node| node.map(|node| node.id)).into_iter().zip(computed));
    }
}

/// Adds each gradient that was computed to the parent that wants it.
fn register<B: Kernels>(
    grads: &mut Gradients,
    pairs: impl Iterator<Item = (Option<NodeId>, Option<FloatTensor<B>>)>,
) {
    for (node, gradient) in pairs {
        if let (Some(node), Some(gradient)) = (node, gradient) {
            grads.register::<B>(node, gradient);
        }
    }
}

#[derive(Debug)]
struct NormActivate;

impl<B: Kernels> Backward<B, 3> for NormActivate {
    type State = (FloatTensor<B>, Norm<B>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (x, norm) = ops.state;
        let result = B::norm_activate_grads(x, norm, grad);
        let computed = [result.x, result.scale, result.shift].map(Some);
        register::<B>(grads, ops.parents.map(|node| node.map(|node| node.id)).into_iter().zip(computed));
    }
}

#[derive(Debug)]
struct MaxPool;

impl<B: Kernels> Backward<B, 1> for MaxPool {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [node] = ops.parents;
        if let Some(node) = node {
            grads.register::<B>(node.id, B::max_pool2_grad(ops.state, grad));
        }
    }
}

#[derive(Debug)]
struct Upsample;

impl<B: Kernels> Backward<B, 1> for Upsample {
    type State = ();

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [node] = ops.parents;
        if let Some(node) = node {
            grads.register::<B>(node.id, B::upsample2_grad(grad));
        }
    }
}

#[derive(Debug)]
struct OverlapSums;

impl<B: Kernels> Backward<B, 1> for OverlapSums {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [node] = ops.parents;
        if let Some(node) = node {
            let (logits, target) = ops.state;
            grads.register::<B>(node.id, B::overlap_sums_grad(logits, target, grad));
        }
    }
}

impl<B: Kernels, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    /// The moments are untracked: [`Kernels::norm_activate_grads`] accounts for how they depend on the values.
    fn convolve(input: Input<Self>, filter: Filter<Self>, measure: Measure) -> Convolved<Self> {
        let fine = input.fine.node;
        let (coarse, below) = input.coarse.map(|coarse| (coarse.node, coarse.primitive)).unzip();
        let nodes = [filter.weight.node, filter.bias.node];
        let input = Input { coarse: below, fine: input.fine.primitive };
        let filter =
            Filter { weight: filter.weight.primitive, bias: filter.bias.primitive, stride: filter.stride };
        let Convolved { values, moments } = B::convolve(input.clone(), filter.clone(), measure);
        let [weight, bias] = nodes;
        let values = match coarse {
            None => match Conv.prepare::<C>([fine, weight, bias]).compute_bound().stateful() {
                OpsKind::Tracked(prep) => prep.finish((input, filter), values),
                OpsKind::UnTracked(prep) => prep.finish(values),
            },
            Some(coarse) => {
                match JoinedConv.prepare::<C>([coarse, fine, weight, bias]).compute_bound().stateful() {
                    OpsKind::Tracked(prep) => prep.finish((input, filter), values),
                    OpsKind::UnTracked(prep) => prep.finish(values),
                }
            }
        };
        Convolved { values, moments: moments.map(untracked) }
    }

    /// Untracked, as those of [`Kernels::convolve`].
    fn channel_moments(x: FloatTensor<Self>) -> Moments<Self> {
        untracked(B::channel_moments(x.primitive))
    }

    fn norm_activate(x: FloatTensor<Self>, norm: Norm<Self>) -> FloatTensor<Self> {
        let nodes = [x.node, norm.scale.node, norm.shift.node];
        let moments =
            Moments { mean: norm.moments.mean.primitive, variance: norm.moments.variance.primitive };
        let inner = Norm {
            moments,
            scale: norm.scale.primitive,
            shift: norm.shift.primitive,
            epsilon: norm.epsilon,
            slope: norm.slope,
            stored: norm.stored,
        };
        let output = B::norm_activate(x.primitive.clone(), inner.clone());
        match NormActivate.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((x.primitive, inner), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn max_pool2(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let output = B::max_pool2(x.primitive.clone());
        match MaxPool.prepare::<C>([x.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(x.primitive, output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn upsample2(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let output = B::upsample2(x.primitive);
        Upsample.prepare::<C>([x.node]).compute_bound().stateless(output)
    }

    fn overlap_sums(logits: FloatTensor<Self>, target: FloatTensor<Self>) -> FloatTensor<Self> {
        let (logits, node, target) = (logits.primitive, logits.node, target.primitive);
        let output = B::overlap_sums(logits.clone(), target.clone());
        match OverlapSums.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((logits, target), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }
}

fn untracked<B: Kernels, C: CheckpointStrategy>(moments: Moments<B>) -> Moments<Autodiff<B, C>> {
    let Moments { mean, variance } = moments;
    Moments { mean: Autodiff::<B, C>::from_inner(mean), variance: Autodiff::<B, C>::from_inner(variance) }
}
