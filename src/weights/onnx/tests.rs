//! A file of the format's own package, our networks written and read back, and what must be refused.

use super::format::{
    AttributeProto, DimensionProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto,
};
use super::*;
use crate::testing::shared;
use crate::weights::read_keras;
use ndarray::{Array4, Array5};

/// Transpose, Conv (dilated), Relu, MaxPool, ConvTranspose, Concat, Conv, Div, Sigmoid, Transpose, as the `onnx` package 1.23 wrote
/// them; the input is 4 x 6 pixels of one channel, which is last.
const PACKAGE: &str = "\
    080e12003acf040a240a017812013122095472616e73706f73652a110a047065726d4000400340014002a001070a390a0131\
    0a01610a01621201322204436f6e762a120a0964696c6174696f6e7340024002a001072a110a047061647340024002400240\
    02a001070a0c0a0132120133220452656c750a380a013312013422074d6178506f6f6c2a150a0c6b65726e656c5f73686170\
    6540024002a001072a100a077374726964657340024002a001070a2a0a01340a0163120135220d436f6e765472616e73706f\
    73652a100a077374726964657340024002a001070a1e0a01350a01331201362206436f6e6361742a0b0a04617869731801a0\
    01020a0f0a01360a01641201372204436f6e760a0e0a01370a016512013822034469760a0f0a013812013922075369676d6f\
    69640a240a013912017922095472616e73706f73652a110a047065726d4000400240034001a001071201672a570802080108\
    03080310014201614a480000803e000020bf00000000000080bf0000803e0000c03e0000003e0000803e000080be000080bf\
    0000003f000000be0000403f000040bf000040bf000060bf0000c0be000000002a11080210014201624a080000403f000060\
    bf2a2f080208010802080210014201634a200000803e000000be0000c03e000060bf0000603f0000803f0000c0be0000403f\
    2a1b080108030801080110014201644a0c000080bf000080bf0000003e2a0d080110014201654a04000000405a190a017812\
    140a120801120e0a000a0208040a0208060a02080162190a017912140a120801120e0a000a0208040a0208060a0208014204\
    0a00100d";

/// What the package's reference evaluator makes of the numbers 0 to 6, repeated.
const ANSWER: [f32; 24] = [
    0.142232, 0.185947, 0.142232, 0.243642, 0.422505, 0.523420, 0.155078, 0.525369, 0.368406, 0.455199,
    0.262842, 0.629775, 0.222700, 0.294215, 0.331120, 0.287768, 0.185947, 0.156105, 0.377541, 0.468791,
    0.586996, 0.357568, 0.699254, 0.220007,
];

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

#[test]
fn a_file_of_the_package_answers_as_there() {
    let (graph, _) = from_bytes(&bytes(PACKAGE)).unwrap();
    let input = Array4::from_shape_fn((1, 1, 4, 6), |(_, _, y, x)| ((6 * y + x) % 7) as f32);
    let answer = graph.run(input).unwrap();
    assert_eq!(answer.dim(), (1, 1, 4, 6));
    for (answer, expected) in answer.iter().zip(ANSWER) {
        assert!((answer - expected).abs() < 2e-6, "{answer} {expected}");
    }
}

fn ints(name: &str, ints: &[usize]) -> AttributeProto {
    AttributeProto { name: name.into(), ints: ints.iter().map(|n| *n as i64).collect(), ..Default::default() }
}

/// The network as an ONNX file.
fn written(graph: &Graph) -> ModelProto {
    write::model(graph, &About::default())
}

#[test]
fn the_published_networks_survive_being_written() {
    for name in ["centerline/t2s_ctr", "lesion/t2s_lesion"] {
        let Some(path) = shared(&format!("data/models/{name}.h5")) else { return };
        let graph = read_keras(&path).unwrap();
        let (again, _) = from_bytes(&written(&graph).encode_to_vec()).unwrap();
        assert_eq!(again, graph, "{name}");
    }
}

/// A network with every kind of layer.
fn every_layer() -> Graph {
    let mut graph = Graph::new();
    let some = |n: usize| (0..n).map(|i| 0.1 * i as f32 + 0.3).collect::<Vec<f32>>();
    let kernel = |out: usize, from: usize, side: usize| {
        Array5::from_shape_fn((out, from, side, side, side), |(o, i, x, y, z)| {
            ((7 * o + 5 * i + 3 * x + 2 * y + z) % 11) as f32 / 20.0 - 0.25
        })
    };
    let conv = |out, from, side, dilation, stride| Op::Conv {
        kernel: kernel(out, from, side),
        bias: some(out),
        dilation: [dilation; 3],
        stride: [stride; 3],
    };
    let norm =
        Op::BatchNorm { gamma: some(2), beta: some(2), mean: some(2), variance: some(2), epsilon: 1e-3 };
    let wide = graph.push("wide", conv(2, 1, 3, 2, 1), &[0]);
    let norm = graph.push("norm", norm, &[wide]);
    let relu = graph.push("relu", Op::Relu, &[norm]);
    let down = graph.push("down", conv(2, 2, 3, 1, 2), &[relu]);
    let instance = Op::InstanceNorm { gamma: some(2), beta: some(2), epsilon: 1e-5 };
    let instance = graph.push("instance", instance, &[down]);
    let leaky = graph.push("leaky", Op::LeakyRelu(0.01), &[instance]);
    let up = graph.push("up", Op::Spread { kernel: kernel(2, 2, 2), bias: some(2) }, &[leaky]);
    let sum = graph.push("sum", Op::Add, &[up, relu]);
    let pool = graph.push("pool", Op::MaxPool([2; 3]), &[sum]);
    let repeat = graph.push("repeat", Op::Repeat([2; 3]), &[pool]);
    let both = graph.push("both", Op::Concat, &[repeat, sum]);
    let head = graph.push("head", conv(1, 4, 1, 1, 1), &[both]);
    let scale = graph.push("scale", Op::Scale(0.5), &[head]);
    graph.push("sigmoid", Op::Sigmoid, &[scale]);
    graph
}

#[test]
fn every_layer_reads_back_as_written_with_the_notes() {
    let notes = [("card".to_owned(), "{}".to_owned())];
    for patch in [None, Some([8, 16, 24])] {
        let about = About { name: "all", patch, notes: &notes };
        let (graph, read) = from_bytes(&write::model(&every_layer(), &about).encode_to_vec()).unwrap();
        assert_eq!(graph, every_layer());
        assert_eq!(read.get("card").map(String::as_str), Some("{}"));
    }
}

#[test]
fn upsampling_must_repeat_voxels() {
    let with = |settings: [&str; 2]| {
        let mut model = written(&every_layer());
        for node in model.graph.iter_mut().flat_map(|graph| &mut graph.node) {
            for setting in &mut node.attribute {
                match setting.name.as_str() {
                    "coordinate_transformation_mode" => setting.s = settings[0].into(),
                    "nearest_mode" => setting.s = settings[1].into(),
                    _ => (),
                }
            }
        }
        from_bytes(&model.encode_to_vec())
    };
    for known in
        [["half_pixel", "round_prefer_floor"], ["asymmetric", "floor"], ["tf_half_pixel_for_nn", "floor"]]
    {
        assert_eq!(with(known).unwrap().0, every_layer());
    }
    for other in [["asymmetric", "ceil"], ["half_pixel", "floor"], ["align_corners", "round_prefer_floor"]] {
        assert!(with(other).unwrap_err().to_string().starts_with("layer repeat: "));
    }
}

#[test]
fn factors_and_terms_by_channel_are_a_normalisation() {
    let joined = |op: &str, first: &str, second: &str, dims: Vec<i64>| {
        let mut model = written(&every_layer());
        let graph = model.graph.as_mut().unwrap();
        let values = [2.0f32, -4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        graph.initializer.push(TensorProto {
            name: "constants".into(),
            dims,
            data_type: 1,
            raw_data: values,
            ..Default::default()
        });
        // In the place of the first activation.
        graph.node[2].op_type = op.into();
        graph.node[2].input = vec![first.into(), second.into()];
        from_bytes(&model.encode_to_vec()).map(|(graph, _)| graph.nodes()[3].op.clone())
    };
    let norm = |gamma: [f32; 2], beta: [f32; 2]| Op::BatchNorm {
        gamma: gamma.into(),
        beta: beta.into(),
        mean: vec![0.0; 2],
        variance: vec![1.0; 2],
        epsilon: 0.0,
    };
    let [column, full] = [vec![2, 1, 1, 1], vec![1, 2, 1, 1, 1]];
    assert_eq!(joined("Mul", "v2", "constants", full.clone()).unwrap(), norm([2.0, -4.0], [0.0; 2]));
    assert_eq!(joined("Mul", "constants", "v2", column.clone()).unwrap(), norm([2.0, -4.0], [0.0; 2]));
    assert_eq!(joined("Div", "v2", "constants", full.clone()).unwrap(), norm([0.5, -0.25], [0.0; 2]));
    assert_eq!(joined("Add", "constants", "v2", column).unwrap(), norm([1.0; 2], [2.0, -4.0]));
    assert_eq!(joined("Sub", "v2", "constants", full.clone()).unwrap(), norm([1.0; 2], [-2.0, 4.0]));
    // Along another axis than the channels, and the other way round.
    assert!(joined("Mul", "v2", "constants", vec![2]).is_err());
    assert!(joined("Sub", "constants", "v2", full).is_err());
}

/// A convolution, changed, and what is said about it.
fn refused(change: impl Fn(&mut GraphProto)) -> String {
    let mut graph = Graph::new();
    let kernel = Array5::from_elem((1, 1, 1, 3, 3), 0.5);
    graph.push("first", Op::Conv { kernel, bias: vec![0.0], dilation: [1; 3], stride: [1; 3] }, &[0]);
    let mut model = written(&graph);
    assert!(from_bytes(&model.encode_to_vec()).is_ok());
    model.graph.iter_mut().for_each(change);
    from_bytes(&model.encode_to_vec()).unwrap_err().to_string()
}

#[test]
fn says_what_it_lacks_and_in_which_layer() {
    let lacks = |attribute: AttributeProto, problem: &str| {
        let told = refused(|graph| {
            graph.node[0].attribute.retain(|other| other.name != attribute.name);
            graph.node[0].attribute.push(attribute.clone());
        });
        assert!(told.starts_with("layer first: ") && told.contains(problem), "{told}");
    };
    lacks(ints("strides", &[1, 0, 2]), "this stride");
    lacks(AttributeProto { name: "group".into(), i: 2, ..Default::default() }, "in groups");
    lacks(
        AttributeProto { name: "auto_pad".into(), s: b"VALID".to_vec(), ..Default::default() },
        "change the size",
    );
    assert!(refused(|g| g.node[0].op_type = "LSTM".into()).contains("layers of the kind LSTM"));
    assert!(refused(|g| g.node[0].input[0] = "nowhere".into()).contains("\"nowhere\""));
    assert!(refused(|g| g.input.clear()).contains("0 inputs"));
    assert!(refused(|g| g.output.clear()).contains("0 outputs"));
    assert!(refused(|g| g.initializer[0].data_type = 10).contains("array first.weight cannot be read"));
    assert!(refused(|g| g.initializer[0].dims[0] = 2).contains("array first.weight cannot be read"));
    assert!(refused(|g| drop(g.initializer.remove(1))).contains("takes \"first.bias\""));
}

#[test]
fn channels_last_is_only_read_between_turns() {
    let dims = [0, 4, 4, 4, 1].map(|dim_value| DimensionProto { dim_value, ..Default::default() }).to_vec();
    let last = TypeProto {
        tensor_type: Some(TensorTypeProto { elem_type: 1, shape: Some(TensorShapeProto { dim: dims }) }),
    };
    let told = refused(|graph| graph.input[0].r#type = Some(last.clone()));
    assert!(told.contains("along another axis"), "{told}");
    let turn = |perm: &[usize]| NodeProto {
        input: vec!["input_1".into()],
        output: vec!["v1".into()],
        op_type: "Transpose".into(),
        attribute: vec![ints("perm", perm)],
        ..Default::default()
    };
    assert!(
        refused(|graph| graph.node[0] = turn(&[0, 2, 1, 3, 4])).contains("turns the axes by [0, 2, 1, 3, 4]")
    );
}

#[test]
fn damaged_files_are_refused() {
    let whole = bytes(PACKAGE);
    for n in (0..whole.len()).step_by(7) {
        assert!(from_bytes(&whole[..n]).is_err(), "{n} bytes");
    }
    let absent = read_onnx(Path::new("/nowhere/net.onnx")).unwrap_err().to_string();
    assert!(absent.starts_with("/nowhere/net.onnx: "), "{absent}");
}
