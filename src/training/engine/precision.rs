//! Steps in bf16, on burn's CPU backend (which multiplies what bf16 leaves of the numbers).

use super::*;
use crate::training::mixed::PATIENCE;

fn placed(precision: Precision, weights: &Weights, architecture: &Architecture) -> Placed<Flex> {
    let scratch = EngineSetup::scratch(architecture.clone(), Default::default(), Default::default());
    let setup = EngineSetup { precision, ..scratch };
    Placed::new(setup, &EngineState::fresh(weights.clone()), Default::default())
}

fn batch(value: impl Fn(usize) -> f32) -> Batch {
    let images: Vec<f32> = (0..2 * 512).map(value).collect();
    let targets = (0..2 * 512).map(|index| f32::from(u8::from(index % 7 == 0))).collect();
    Batch { images, targets, count: 2, shape: [8; 3] }
}

#[test]
fn bf16_rounds_products_only() {
    let described = "depth = 2\nbase = 2\nresidual = true\ndown = 'strided'\nup = 'transposed'";
    let architecture: Architecture = toml::from_str(described).unwrap();
    let weights = Weights::initial(&architecture, 3);
    let batch = batch(|index| (index as f32 * 0.7).sin());
    let step = |precision| {
        let mut placed = placed(precision, &weights, &architecture);
        let stepped = placed.step(batch.clone(), Some(1e-4)).unwrap();
        (stepped.loss, stepped.gradient.unwrap(), placed.take_notes(), placed.state().unwrap().weights)
    };
    let (full, rounded) = (step(Precision::F32), step(Precision::Bf16));
    assert!((full.0 - rounded.0).abs() < 5e-3 && full.0 != rounded.0, "{} and {}", full.0, rounded.0);
    assert!((full.1 / rounded.1 - 1.0).abs() < 0.1, "{} and {}", full.1, rounded.1);
    assert!(rounded.2.is_empty(), "{:?}", rounded.2);
    // A change far below bf16's resolution of 1 part in 256 is kept: the weights themselves are f32.
    let first = |weights: &Weights| weights.tensors()[0].data[0];
    let moved = (first(&weights) - first(&rounded.3)).abs();
    assert!(moved > 0.0 && moved < 2e-4, "{moved}");
}

#[test]
fn a_step_that_fails_in_bf16_is_done_again_in_f32_and_in_the_end_all_are() {
    let architecture = Architecture::unet3d(2, 2).unwrap();
    let mut tensors = Weights::initial(&architecture, 3).tensors().to_vec();
    // The largest f32 there is: infinite in bf16. On an empty image f32 does not mind.
    tensors[0].data[0] = f32::MAX;
    let weights = Weights::for_architecture(&architecture, tensors).unwrap();
    let mut careful = placed(Precision::Bf16, &weights, &architecture);
    let mut full = placed(Precision::F32, &weights, &architecture);
    let mut notes = Vec::new();
    for _ in 0..PATIENCE + 2 {
        let [stepped, expected] =
            [&mut careful, &mut full].map(|engine| engine.step(batch(|_| 0.0), Some(1e-3)).unwrap());
        assert_eq!(stepped, expected);
        assert!(stepped.loss.is_finite());
        notes.extend(careful.take_notes());
    }
    assert_eq!(notes.len(), PATIENCE as usize);
    assert!(notes[0].contains("1 of 5") && notes[4].contains("goes on in f32"), "{notes:?}");
    assert_eq!(careful.state().unwrap(), full.state().unwrap());
}

#[test]
fn what_is_no_number_in_f32_either_is_the_trainers_business() {
    let architecture = Architecture::unet3d(1, 2).unwrap();
    let mut placed = placed(Precision::Bf16, &Weights::initial(&architecture, 3), &architecture);
    let stepped = placed.step(batch(|_| f32::NAN), Some(1e-3)).unwrap();
    assert!(!stepped.loss.is_finite() && placed.take_notes().is_empty());
}
