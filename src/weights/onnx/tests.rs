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
    let graph = from_bytes(&bytes(PACKAGE)).unwrap();
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

fn floats(name: String, dims: &[usize], values: &[f32]) -> TensorProto {
    let dims = dims.iter().map(|n| *n as i64).collect();
    TensorProto { name, dims, data_type: 1, float_data: values.to_vec(), ..Default::default() }
}

/// The network as an ONNX file, batch and three axes throughout.
fn written(graph: &Graph) -> ModelProto {
    let mut described = GraphProto::default();
    let value = |name: String| ValueInfoProto { name, r#type: None };
    for (place, node) in graph.nodes().iter().enumerate().skip(1) {
        let mut input: Vec<String> = node.inputs.iter().map(|from| format!("v{from}")).collect();
        let mut array = |name: &str, dims: &[usize], values: &[f32]| {
            input.push(format!("{name}{place}"));
            described.initializer.push(floats(format!("{name}{place}"), dims, values));
        };
        let kernel =
            |kernel: &Array5<f32>| (kernel.shape().to_vec(), kernel.iter().copied().collect::<Vec<f32>>());
        let (op_type, attribute) = match &node.op {
            Op::Conv { kernel: weights, bias, dilation } => {
                let (shape, weights) = kernel(weights);
                array("w", &shape, &weights);
                array("b", &[bias.len()], bias);
                let pad: Vec<usize> = (0..3).map(|i| (shape[i + 2] - 1) * dilation[i] / 2).collect();
                ("Conv", vec![ints("dilations", dilation), ints("pads", &pad.repeat(2))])
            }
            Op::Spread { kernel: weights, bias } => {
                let (shape, weights) = kernel(weights);
                array("w", &shape, &weights);
                array("b", &[bias.len()], bias);
                ("ConvTranspose", vec![ints("strides", &shape[2..])])
            }
            Op::BatchNorm { gamma, beta, mean, variance, epsilon } => {
                let all = [("g", gamma), ("b", beta), ("m", mean), ("v", variance)];
                all.iter().for_each(|(name, values)| array(&format!("n{name}"), &[values.len()], values));
                (
                    "BatchNormalization",
                    vec![AttributeProto { name: "epsilon".into(), f: *epsilon, ..Default::default() }],
                )
            }
            Op::Scale(factor) => {
                array("f", &[], &[*factor]);
                ("Mul", Vec::new())
            }
            Op::Relu => ("Relu", Vec::new()),
            Op::Sigmoid => ("Sigmoid", Vec::new()),
            Op::MaxPool(size) => ("MaxPool", vec![ints("kernel_shape", size), ints("strides", size)]),
            Op::Repeat(times) => {
                let scales: Vec<f32> = [1, 1].iter().chain(times).map(|n| *n as f32).collect();
                array("s", &[5], &scales);
                ("Upsample", Vec::new())
            }
            Op::Concat => {
                ("Concat", vec![AttributeProto { name: "axis".into(), i: 1, ..Default::default() }])
            }
            Op::Input => panic!("one input only"),
        };
        let (op_type, output) = (op_type.into(), vec![format!("v{place}")]);
        described.node.push(NodeProto { input, output, name: node.name.clone(), op_type, attribute });
    }
    described.input.push(value("v0".into()));
    described.output.push(value(format!("v{}", graph.nodes().len() - 1)));
    ModelProto { graph: Some(described) }
}

#[test]
fn the_published_networks_survive_being_written() {
    for (name, shape) in [("centerline/t2s_ctr", (1, 1, 40, 40)), ("lesion/t2s_lesion", (1, 8, 8, 8))] {
        let Some(path) = shared(&format!("data/models/{name}.h5")) else { return };
        let graph = read_keras(&path).unwrap();
        let again = from_bytes(&written(&graph).encode_to_vec()).unwrap();
        let input =
            Array4::from_shape_fn(shape, |(_, a, b, c)| ((a * 7 + b * 5 + c * 3) % 11) as f32 / 5.0 - 1.0);
        assert_eq!(again.nodes().len(), graph.nodes().len());
        assert_eq!(again.run(input.clone()).unwrap(), graph.run(input).unwrap(), "{name}");
    }
}

/// A convolution, changed, and what is said about it.
fn refused(change: impl Fn(&mut GraphProto)) -> String {
    let mut graph = Graph::new();
    let kernel = Array5::from_elem((1, 1, 1, 3, 3), 0.5);
    graph.push("first", Op::Conv { kernel, bias: vec![0.0], dilation: [1; 3] }, &[0]);
    let mut model = written(&graph);
    assert!(from_bytes(&model.encode_to_vec()).is_ok());
    model.graph.iter_mut().for_each(change);
    from_bytes(&model.encode_to_vec()).unwrap_err().to_string()
}

#[test]
fn says_what_it_lacks_and_in_which_layer() {
    let lacks = |attribute: AttributeProto, problem: &str| {
        let told = refused(|graph| graph.node[0].attribute.push(attribute.clone()));
        assert!(told.starts_with("layer first: ") && told.contains(problem), "{told}");
    };
    lacks(ints("strides", &[1, 2, 2]), "strides other than 1");
    lacks(AttributeProto { name: "group".into(), i: 2, ..Default::default() }, "in groups");
    lacks(
        AttributeProto { name: "auto_pad".into(), s: b"VALID".to_vec(), ..Default::default() },
        "change the size",
    );
    assert!(refused(|g| g.node[0].op_type = "LSTM".into()).contains("layers of the kind LSTM"));
    assert!(refused(|g| g.node[0].input[0] = "nowhere".into()).contains("\"nowhere\""));
    assert!(refused(|g| g.input.clear()).contains("0 inputs"));
    assert!(refused(|g| g.output.clear()).contains("0 outputs"));
    assert!(refused(|g| g.initializer[0].data_type = 10).contains("array w1 cannot be read"));
    assert!(refused(|g| g.initializer[0].dims[0] = 2).contains("array w1 cannot be read"));
    assert!(refused(|g| drop(g.initializer.remove(1))).contains("the array b1 is missing"));
}

#[test]
fn channels_last_is_only_read_between_turns() {
    let dims = [0, 4, 4, 4, 1].map(|dim_value| DimensionProto { dim_value }).to_vec();
    let last =
        TypeProto { tensor_type: Some(TensorTypeProto { shape: Some(TensorShapeProto { dim: dims }) }) };
    let told = refused(|graph| graph.input[0].r#type = Some(last.clone()));
    assert!(told.contains("along another axis"), "{told}");
    let turn = |perm: &[usize]| NodeProto {
        input: vec!["v0".into()],
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
