//! Files of Keras' own making, and small ones made here for what must be refused.

use super::*;
use crate::testing::shared;
use crate::volume::read_image;
use hdf5_pure::{AttrValue, FileBuilder};
use ndarray::{Array4, Axis, s};
use proptest::prelude::*;

/// A network of one input and the layers given as (class, settings), each taking from the one before, with the arrays
/// `kernel` (`[3, 3, 1, 2]`) and `bias` in a layer called `conv`.
fn file(layers: &[(&str, &str, &str)]) -> Vec<u8> {
    with_config(&config(layers))
}

fn config(layers: &[(&str, &str, &str)]) -> String {
    let mut described =
        vec![r#"{"class_name":"InputLayer","name":"in","config":{},"inbound_nodes":[]}"#.to_owned()];
    let mut before = "in";
    for (name, class, settings) in layers {
        described.push(format!(
            r#"{{"class_name":"{class}","name":"{name}","config":{settings},"inbound_nodes":[[["{before}",0,0,{{}}]]]}}"#
        ));
        before = name;
    }
    let layers = described.join(",");
    format!(
        r#"{{"class_name":"Model","config":{{"layers":[{layers}],"input_layers":[["in",0,0]],"output_layers":[["{before}",0,0]]}}}}"#
    )
}

fn with_config(config: &str) -> Vec<u8> {
    with_kernel(config, |kernel| {
        let values: Vec<f32> = (0..18).map(|i| i as f32).collect();
        kernel.with_f32_data(&values).with_shape(&[3, 3, 1, 2]);
    })
}

fn with_kernel(config: &str, fill: impl Fn(&mut hdf5_pure::DatasetBuilder)) -> Vec<u8> {
    let mut builder = FileBuilder::new();
    let mut weights = builder.create_group("model_weights");
    let mut conv = weights.create_group("conv");
    conv.set_attr("weight_names", AttrValue::StringArray(vec!["conv/kernel:0".into(), "conv/bias:0".into()]));
    let mut inner = conv.create_group("conv");
    fill(inner.create_dataset("kernel:0"));
    inner.create_dataset("bias:0").with_f32_data(&[100.0, 200.0]);
    conv.add_group(inner.finish());
    weights.add_group(conv.finish());
    builder.add_group(weights.finish());
    builder.set_attr("model_config", AttrValue::String(config.into()));
    builder.finish().unwrap()
}

fn refused(layers: &[(&str, &str, &str)]) -> String {
    from_bytes(file(layers)).unwrap_err().to_string()
}

#[test]
fn kernels_keep_their_places() {
    let graph = from_bytes(file(&[("conv", "Conv2D", r#"{"padding":"same","activation":"relu"}"#)])).unwrap();
    let mut impulse = Array4::zeros((1, 1, 5, 5));
    impulse[[0, 0, 2, 2]] = 1.0;
    let answer = graph.run(impulse).unwrap();
    // Keras' kernel is [row, column, in, out]; what is seen of an impulse is the kernel turned by half.
    for (row, column, out) in [(0, 0, 0), (0, 2, 1), (2, 1, 0), (1, 1, 1)] {
        let expected = (6 * row + 2 * column + out) as f32 + 100.0 * (out + 1) as f32;
        assert_eq!(answer[[out, 0, 3 - row, 3 - column]], expected);
    }
}

#[test]
fn says_what_it_lacks_and_in_which_layer() {
    let lacks = |class: &str, settings: &str, problem: &str| {
        let told = refused(&[("conv", class, settings)]);
        assert!(told.starts_with("layer conv: ") && told.contains(problem), "{told}");
    };
    lacks("Conv2D", r#"{"padding":"valid"}"#, "padding \"valid\"");
    lacks("Conv2D", r#"{"strides":[2,2]}"#, "strides other than 1");
    lacks("Conv2D", r#"{"activation":"tanh"}"#, "the activation tanh");
    lacks("Conv2D", r#"{"dilation_rate":[1,-1]}"#, "dilation_rate of [1,-1]");
    lacks("Conv2DTranspose", r#"{"strides":[2,2]}"#, "stride is not their kernel's size");
    lacks("MaxPooling2D", r#"{"pool_size":[2,2],"strides":[1,1]}"#, "overlap");
    lacks("Lambda", r#"{"function":["code",null,null]}"#, "Lambda");
    lacks("Dense", "{}", "layers of the kind Dense");
    assert!(refused(&[("norm", "BatchNormalization", "{}")]).contains("layer norm: its array moving_mean"));
}

#[test]
fn layers_along_another_axis_than_the_channels_are_refused() {
    let first = r#"{"padding":"same","data_format":"channels_first"}"#;
    let along = |kind: &str, settings: &str| {
        from_bytes(file(&[("conv", "Conv2D", first), ("other", kind, settings)])).map_err(|e| e.to_string())
    };
    assert!(
        along("Concatenate", r#"{"axis":1}"#).is_ok() && along("Concatenate", r#"{"axis":[-3]}"#).is_ok()
    );
    for (kind, settings, words) in [
        ("Concatenate", r#"{"axis":-1}"#, "layer other: it works along axis -1"),
        ("BatchNormalization", "{}", "layer other: it works along axis -1"),
        ("MaxPooling2D", r#"{"data_format":"channels_last"}"#, "another axis than those of layer conv"),
    ] {
        let told = along(kind, settings).unwrap_err();
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn damaged_files_are_refused() {
    let whole = file(&[("conv", "Conv2D", "{}")]);
    assert!(from_bytes(whole.clone()).is_ok());
    for n in [0, 7, 100, whole.len() / 2, whole.len() - 20, whole.len() - 1] {
        assert!(from_bytes(whole[..n].to_vec()).is_err(), "{n} bytes");
    }
    let told = |config: &str| from_bytes(with_config(config)).unwrap_err().to_string();
    assert!(told("{").contains("not JSON"));
    assert!(told(r#"{"class_name":"Sequential"}"#).contains("Sequential"));
    assert!(told(r#"{"class_name":"Model","config":{}}"#).contains("0 inputs and 0 outputs"));
    let absent = read_keras(Path::new("/nowhere/net.h5")).unwrap_err().to_string();
    assert!(absent.starts_with("/nowhere/net.h5: "), "{absent}");
}

#[test]
fn arrays_that_swell_are_refused() {
    let zeros = vec![0.0f32; 9 * 100_000];
    let swollen = with_kernel(&config(&[("conv", "Conv2D", "{}")]), |kernel| {
        kernel
            .with_f32_data(&zeros)
            .with_shape(&[3, 3, 100, 1000])
            .with_chunks(&[3, 3, 100, 1000])
            .with_deflate(9);
    });
    assert!(swollen.len() < zeros.len() / 10);
    let told = from_bytes(swollen).unwrap_err().to_string();
    assert!(told.starts_with("layer conv: ") && told.contains("more than the file can hold"), "{told}");
}

proptest! {
    #[test]
    fn no_damage_makes_it_panic(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..9)) {
        let mut bytes = file(&[("conv", "Conv2D", "{}")]);
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Ok(graph) = from_bytes(bytes) {
            graph.run(Array4::zeros((1, 1, 5, 5))).ok();
        }
    }
}

#[test]
fn the_published_lesion_network_answers_as_in_the_toolbox() {
    let paths = [
        "data/models/lesion/t2s_lesion.h5",
        "reference/gm_9418_crop48_norm.nii.gz",
        "reference/gm_9418_z00-47_t2s_lesion_prob.nii.gz",
    ];
    let [Some(model), Some(crop), Some(expected)] = paths.map(shared) else { return };
    let [crop, expected] = [crop, expected].map(|path| read_image(&path).unwrap().data);
    let patch = crop.slice(s![.., .., ..48]).mapv(|v| (v - 1011.31) / 678.985).insert_axis(Axis(0));
    let graph = read_keras(&model).unwrap();
    for graph in [graph.clone(), graph.folded()] {
        let answer = graph.run(patch.as_standard_layout().into_owned()).unwrap();
        let worst = answer.iter().zip(expected.iter()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(answer.shape()[1..] == *expected.shape() && worst < 1e-4, "{worst}");
    }
}
