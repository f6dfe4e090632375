//! Every description there and back, foreign ways of writing the same network, and networks that are none of ours.

use super::*;
use crate::dataset::Contrast;
use crate::network::architecture::Architecture;
use crate::network::kinds::{Activation, Down, NormKind, Up};
use crate::network::model_file::{ModelFile, Provenance};
use crate::network::weights::{NamedTensor, Weights};
use crate::preprocess::{CropSettings, Intensities};
use crate::weights::{Graph, Node, Op};
use ndarray::{Array4, Axis};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Values as after training: none at its start, variances above 0.
fn trained(architecture: &Architecture) -> Weights {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let tensors = Weights::initial(architecture, 4).tensors().to_vec();
    let change = |tensor: NamedTensor| {
        let data = tensor.data.iter().map(|value| value.abs() + random.random_range(0.0..0.5)).collect();
        NamedTensor { data, ..tensor }
    };
    Weights::for_architecture(architecture, tensors.into_iter().map(change).collect()).unwrap()
}

/// All descriptions of a depth.
fn descriptions(depth: usize) -> Vec<Architecture> {
    let choices = (0..64u8).map(|bits| {
        let chosen = |bit: u8| bits & (1 << bit) != 0;
        let mut architecture = Architecture::unet3d(depth, 2).unwrap();
        architecture.norm = if chosen(0) { NormKind::Instance } else { NormKind::Batch };
        architecture.activation = if chosen(1) { Activation::LeakyRelu } else { Activation::Relu };
        architecture.residual = chosen(2);
        architecture.down = if chosen(3) { Down::Strided } else { Down::MaxPool };
        architecture.up = if chosen(4) { Up::Transposed } else { Up::Nearest };
        architecture.deep_supervision = chosen(5);
        architecture
    });
    choices.filter(|architecture| architecture.validate().is_ok()).collect()
}

fn card(architecture: &Architecture) -> ModelFile {
    let intensities = Intensities { landmarks: None, mean: 0.1, std: 3.5 };
    let crop = CropSettings::default();
    ModelFile::new(architecture.clone(), crop, intensities, Contrast::T1, Provenance::of("a test"))
}

#[test]
fn every_description_comes_back_through_onnx_as_it_was() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("net.onnx");
    for architecture in descriptions(2).iter().chain(&descriptions(3)) {
        let (card, weights) = (card(architecture), trained(architecture));
        card.write_onnx(&path, &weights, None).unwrap();
        assert_eq!(ModelFile::load_any(&path).unwrap(), (card, weights), "{architecture}");
        assert_eq!(load_network(&path).unwrap().0, *architecture);
    }
}

#[test]
fn a_network_without_levels_comes_back_too() {
    let flat = Architecture::unet3d(1, 3).unwrap();
    let weights = trained(&flat);
    let graph = graph_of(&flat, &weights).unwrap();
    assert_eq!(recognise(&graph).unwrap(), (flat, weights));
}

#[test]
fn a_fixed_patch_must_fit_the_network() {
    let place = tempfile::tempdir().unwrap();
    let network = Architecture::t2s();
    let refused = card(&network).write_onnx(&place.path().join("n"), &trained(&network), Some(46));
    assert!(refused.unwrap_err().to_string().contains("multiples of 4"));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

/// The same graph with each layer changed.
fn changed(graph: &Graph, mut change: impl FnMut(&mut Node)) -> Graph {
    let mut other = Graph::new();
    for node in graph.nodes().iter().skip(1) {
        let mut node = node.clone();
        change(&mut node);
        other.push(node.name, node.op, &node.inputs);
    }
    other
}

fn answer(graph: &Graph) -> Array4<f32> {
    let patch =
        Array4::from_shape_fn((1, 8, 8, 8), |(_, x, y, z)| ((x * 5 + y * 3 + z * 7) % 13) as f32 / 4.0);
    graph.run(patch).unwrap()
}

fn agree(a: &Graph, b: &Graph) {
    let (a, b) = (answer(a), answer(b));
    let worst = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let spread =
        a.iter().fold(0.0, |most: f32, x| most.max(*x)) - a.iter().fold(1.0, |least: f32, x| least.min(*x));
    assert!(worst < 1e-5 && spread > 1e-2, "{worst} {spread}");
}

/// A small network whose answers are neither all 0 nor all 1.
fn small() -> (Architecture, Graph) {
    let network = Architecture::unet3d(3, 2).unwrap();
    let mut tensors = trained(&network).tensors().to_vec();
    for tensor in tensors.iter_mut().filter(|tensor| tensor.name.contains("conv")) {
        let mean = tensor.data.iter().sum::<f32>() / tensor.data.len() as f32;
        tensor.data.iter_mut().for_each(|value| *value -= mean);
    }
    let graph = graph_of(&network, &Weights::for_architecture(&network, tensors).unwrap()).unwrap();
    (network, graph)
}

#[test]
fn other_ways_to_write_the_same_network_are_understood() {
    let (network, graph) = small();
    let through = |foreign: &Graph| {
        let (found, weights) = recognise(foreign).unwrap();
        assert_eq!(found, network);
        agree(&graph_of(&found, &weights).unwrap(), foreign);
    };
    through(&graph.clone().folded());
    through(&changed(&graph, |node| {
        if let Op::BatchNorm { epsilon, .. } = &mut node.op {
            *epsilon = 1e-5;
        }
    }));
    // Factor and term instead of a normalisation, upsampling axis by axis, and a layer that does nothing.
    let mut apart = Graph::new();
    let mut places = vec![0];
    for node in graph.nodes().iter().skip(1) {
        let inputs: Vec<usize> = node.inputs.iter().map(|from| places[*from]).collect();
        places.push(match &node.op {
            Op::BatchNorm { gamma, beta, mean, variance, epsilon } => {
                let factor: Vec<f32> =
                    gamma.iter().zip(variance).map(|(g, v)| g / (v + epsilon).sqrt()).collect();
                let term = beta.iter().zip(mean).zip(&factor).map(|((b, m), f)| b - m * f).collect();
                let none = vec![0.0; factor.len()];
                let one = vec![1.0; factor.len()];
                let norm = |gamma: Vec<f32>, beta| Op::BatchNorm {
                    gamma,
                    beta,
                    mean: none.clone(),
                    variance: one.clone(),
                    epsilon: 0.0,
                };
                let product = apart.push("product", norm(factor, none.clone()), &inputs);
                apart.push("sum", norm(one.clone(), term), &[product])
            }
            Op::Repeat(_) => {
                let first = apart.push("x", Op::Repeat([2, 1, 1]), &inputs);
                apart.push("y, z", Op::Repeat([1, 2, 2]), &[first])
            }
            op => apart.push(node.name.clone(), op.clone(), &inputs),
        });
    }
    apart.push("identity", Op::Scale(1.0), &[places[places.len() - 1]]);
    through(&apart);
}

#[test]
fn networks_that_are_no_such_u_net_are_refused_with_the_layer() {
    let (_, graph) = small();
    let refused = |change: &dyn Fn(&mut Node)| recognise(&changed(&graph, change)).unwrap_err().to_string();
    let at = |name: &'static str, op: Op| {
        refused(&|node| {
            if node.name == name {
                node.op = op.clone();
            }
        })
    };
    for (told, words) in [
        (
            at("enc.0.down", Op::MaxPool([1, 2, 2])),
            "max-pooling of 1x2x2 (layer enc.0.down) where a U-Net of depth 3, base 2 has max-pooling of 2x2x2",
        ),
        (at("head.sigmoid", Op::Relu), "the network's answer takes a ReLU (layer head.sigmoid)"),
        (at("dec.1.0.activation", Op::Sigmoid), "layer dec.1.1.conv takes a sigmoid"),
        (at("enc.1.1.activation", Op::LeakyRelu(0.2)), "leaky ReLU of slope 0.01"),
        (at("dec.0.up", Op::Repeat([2, 2, 4])), "upsampling by 2x2x4"),
        (
            refused(&|node| {
                if node.name == "dec.0.concat" {
                    node.inputs.reverse()
                }
            }),
            "layer dec.0.concat takes a ReLU (layer enc.0.1.activation)",
        ),
        (
            refused(&|node| {
                if let Op::Conv { dilation, .. } = &mut node.op {
                    *dilation = [1, 1, 2];
                }
            }),
            "dilation 1x1x2",
        ),
        (
            refused(&|node| match &mut node.op {
                Op::Conv { kernel, .. } if node.name == "enc.1.0.conv" => {
                    *kernel = kernel.slice_axis(Axis(2), (0..1).into()).to_owned();
                }
                _ => (),
            }),
            "`enc.1.0.conv.weight` has shape [4, 4, 1, 3, 3]",
        ),
    ] {
        assert!(told.contains(words), "{told}");
    }
    assert!(recognise(&Graph::new()).unwrap_err().to_string().contains("no convolution"));
    // A description beyond all bounds is refused before anything of its size is made.
    let mut deep =
        graph_of(&Architecture::unet3d(1, 2).unwrap(), &trained(&Architecture::unet3d(1, 2).unwrap()))
            .unwrap();
    for i in 0..40 {
        let last = deep.nodes().len() - 1;
        deep.push(format!("pool {i}"), Op::MaxPool([2; 3]), &[last]);
    }
    assert!(recognise(&deep).unwrap_err().to_string().contains("depth must be at most 6"));
}

#[test]
fn a_card_that_does_not_fit_its_layers_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("net.onnx");
    let network = Architecture::unet3d(2, 2).unwrap();
    let graph = graph_of(&network, &trained(&network)).unwrap();
    for (text, words) in [
        (serde_json::to_string(&card(&Architecture::t2s())).unwrap(), "its description says depth 3, base 8"),
        ("{}".to_owned(), "its description is unreadable"),
    ] {
        let notes = [(import::CARD.to_owned(), text)];
        let about = crate::weights::About { name: "", patch: None, notes: &notes };
        crate::weights::write_onnx(&path, &graph, &about).unwrap();
        let told = ModelFile::load_any(&path).unwrap_err().to_string();
        assert!(told.contains("net.onnx") && told.contains(words), "{told}");
    }
}

#[test]
fn foreign_networks_get_the_constants_of_their_contrast() {
    let place = tempfile::tempdir().unwrap();
    let network = Architecture::unet3d(2, 2).unwrap();
    let weights = trained(&network);
    let graph = graph_of(&network, &weights).unwrap();
    let write = |name: &str| {
        let path = place.path().join(name);
        crate::weights::write_onnx(&path, &graph, &Default::default()).unwrap();
        path
    };
    let (model, _) = ModelFile::load_any(&write("t2_ax_lesion.onnx")).unwrap();
    assert_eq!((model.contrast, model.threshold, model.intensities.mean), (Contrast::T2Ax, 0.1, 835.592));
    assert_eq!((model.patch, model.provenance.source.as_str()), (48, "t2_ax_lesion.onnx"));
    let unknown = write("mine.bin");
    let (model, found) = ModelFile::load_any(&unknown).unwrap();
    assert!(
        found == weights
            && model.must_know_contrast(&unknown).unwrap_err().to_string().contains("--contrast")
    );
    assert!(ModelFile::import(&unknown, Some(Contrast::T1)).unwrap_err().to_string().contains("contrast t1"));
    let (model, found) = ModelFile::import(&unknown, Some(Contrast::T2s)).unwrap();
    assert_eq!((model.contrast, found), (Contrast::T2s, weights.clone()));
    assert_eq!(load_network(&unknown).unwrap(), (network, weights));
}
