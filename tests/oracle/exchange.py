"""What other programs make of networks, for tests/oracle_onnx.rs. Needs numpy, h5py, onnx and onnxruntime.

exchange.py make FOLDER DEPTH BASE SEED   one network of random weights, as Keras and several converters would write it:
                                          net.h5, kept.onnx, folded.onnx, apart.onnx, last.onnx
exchange.py run FILE.onnx X Y Z IN OUT    onnxruntime's answer; IN and OUT are 32-bit floats, z fastest
"""
import json
import sys

import numpy as np

EPSILON = 1e-3


def published(depth, base, rng):
    """The layers of a published U-Net: (name, kind, inputs, arrays by Keras' names)."""
    layers, count = [], {}

    def add(kind, inputs, **arrays):
        count[kind] = count.get(kind, 0) + 1
        layers.append((f"{kind}_{count[kind]}", kind, inputs, arrays))
        return layers[-1][0]

    def block(at, size, out, inside):
        limit = np.sqrt(6 / (27 * (inside + out)))
        kernel = rng.uniform(-limit, limit, (size, size, size, inside, out))
        at = add("conv3d", [at], kernel=kernel, bias=rng.normal(0, 0.1, out))
        if size == 1:
            return add("activation", [at], function="sigmoid")
        at = add("batch_normalization", [at], gamma=rng.uniform(0.5, 1.5, out), beta=rng.normal(0, 0.2, out),
                 moving_mean=rng.normal(0, 0.2, out), moving_variance=rng.uniform(0.01, 1.5, out))
        return add("activation", [at], function="relu")

    at, channels, skips = "input_1", 1, []
    for level in range(depth):
        for out in (base << level, base << (level + 1)):
            at, channels = block(at, 3, out, channels), out
        if level + 1 < depth:
            skips.append((at, channels))
            at = add("max_pooling3d", [at])
    for skip, width in reversed(skips):
        at = add("up_sampling3d", [at])
        at = add("concatenate", [at, skip])
        at, channels = block(at, 3, width, channels + width), width
        at = block(at, 3, width, channels)
    block(at, 1, 1, channels)
    return [(n, k, i, {a: v if isinstance(v, str) else v.astype(np.float32) for a, v in arrays.items()})
            for n, k, i, arrays in layers]


CLASSES = {"conv3d": "Conv3D", "batch_normalization": "BatchNormalization", "activation": "Activation",
           "max_pooling3d": "MaxPooling3D", "up_sampling3d": "UpSampling3D", "concatenate": "Concatenate"}


def settings(name, kind, arrays):
    first = {"data_format": "channels_first"}
    return {"name": name, **{
        "conv3d": lambda: {**first, "filters": arrays["bias"].size, "kernel_size": arrays["kernel"].shape[:3],
                           "strides": [1, 1, 1], "dilation_rate": [1, 1, 1], "use_bias": True, "activation": "linear",
                           "padding": "same" if arrays["kernel"].shape[0] > 1 else "valid"},
        "batch_normalization": lambda: {"axis": 1, "epsilon": EPSILON, "momentum": 0.99, "scale": True, "center": True},
        "activation": lambda: {"activation": arrays["function"]},
        "max_pooling3d": lambda: {**first, "pool_size": [2, 2, 2], "strides": [2, 2, 2], "padding": "valid"},
        "up_sampling3d": lambda: {**first, "size": [2, 2, 2]},
        "concatenate": lambda: {"axis": 1},
    }[kind]()}


def write_keras(path, layers):
    """As Keras 2.0.6 does: description as a string of any length, names of fixed length, arrays contiguous."""
    import h5py

    described = [{"class_name": "InputLayer", "name": "input_1", "inbound_nodes": [],
                  "config": {"name": "input_1", "batch_input_shape": [None, 1, 48, 48, 48], "dtype": "float32"}}]
    described += [{"class_name": CLASSES[kind], "name": name, "config": settings(name, kind, arrays),
                   "inbound_nodes": [[[source, 0, 0, {}] for source in inputs]]}
                  for name, kind, inputs, arrays in layers]
    config = {"name": "model_1", "layers": described, "input_layers": [["input_1", 0, 0]],
              "output_layers": [[layers[-1][0], 0, 0]]}
    with h5py.File(path, "w", libver="earliest") as file:
        file.attrs["keras_version"] = "2.0.6"
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": config})
        file.attrs["training_config"] = json.dumps({"loss": "dice_coefficient_loss"})
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = np.array([b"input_1"] + [layer[0].encode() for layer in layers])
        for name, _, _, arrays in layers:
            group = weights.create_group(name)
            kept = {f"{name}/{array}:0": values for array, values in arrays.items() if array != "function"}
            group.attrs["weight_names"] = np.array([array.encode() for array in kept])
            for array, values in kept.items():
                group.create_dataset(array, data=values)


def write_onnx(path, layers, dialect):
    """kept: layers as they are, as keras2onnx writes them; folded: normalisation inside the convolution before it;
    apart: normalisation as product and sum, bias as a sum, each constant a layer; last: channels last outside, turned around
    each layer, as converters of TensorFlow do."""
    import onnx
    from onnx import helper, numpy_helper

    nodes, stored, names = [], [], {"input_1": "input_1"}

    def node(kind, inputs, name, **attributes):
        nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def array(name, values):
        tensor = numpy_helper.from_array(np.asarray(values, np.float32), name)
        if dialect == "apart":
            nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        else:
            stored.append(tensor)
        return name

    def around(kind, inputs, name, **attributes):
        if dialect != "last":
            return node(kind, inputs, name, **attributes)
        turned = node("Transpose", inputs[:1], f"{name}_in", perm=[0, 4, 1, 2, 3])
        node(kind, [turned] + inputs[1:], f"{name}_first", **attributes)
        return node("Transpose", [f"{name}_first"], name, perm=[0, 2, 3, 4, 1])

    followed = {inputs[0]: arrays for _, kind, inputs, arrays in layers if kind == "batch_normalization"}
    for name, kind, inputs, arrays in layers:
        taken = [names[source] for source in inputs]
        names[name] = name
        if kind == "conv3d":
            kernel, bias = arrays["kernel"].transpose(4, 3, 0, 1, 2), arrays["bias"]
            if dialect == "folded" and name in followed:
                norm = followed[name]
                factor = norm["gamma"] / np.sqrt(norm["moving_variance"] + EPSILON)
                kernel = kernel * factor[:, None, None, None, None]
                bias = (bias - norm["moving_mean"]) * factor + norm["beta"]
            border = {"auto_pad": "SAME_UPPER"} if dialect == "kept" else {"pads": [kernel.shape[2] // 2] * 6}
            if dialect == "apart":
                node("Conv", [taken[0], array(f"{name}_k", kernel)], f"{name}_product", **border)
                node("Add", [array(f"{name}_b", bias.reshape(1, -1, 1, 1, 1)), f"{name}_product"], name)
            else:
                around("Conv", [taken[0], array(f"{name}_k", kernel), array(f"{name}_b", bias)], name, **border)
        elif kind == "batch_normalization":
            gamma, beta, mean, variance = (arrays[a] for a in ("gamma", "beta", "moving_mean", "moving_variance"))
            factor = gamma / np.sqrt(variance + EPSILON)
            shape = (1, 1, 1, 1, -1) if dialect == "last" else (1, -1, 1, 1, 1)
            if dialect == "folded":
                names[name] = taken[0]
            elif dialect == "kept":
                term = beta - mean * factor
                values = [array(f"{name}_{i}", v) for i, v in enumerate((factor, term, 0 * mean, 1 + 0 * variance))]
                node("BatchNormalization", [taken[0]] + values, name, epsilon=0.0)
            else:
                node("Mul", [taken[0], array(f"{name}_f", factor.reshape(shape))], f"{name}_product")
                node("Add", [f"{name}_product", array(f"{name}_t", (beta - mean * factor).reshape(shape))], name)
        elif kind == "activation":
            node({"relu": "Relu", "sigmoid": "Sigmoid"}[arrays["function"]], taken, name)
        elif kind == "max_pooling3d":
            around("MaxPool", taken, name, kernel_shape=[2, 2, 2], strides=[2, 2, 2])
        elif kind == "up_sampling3d":
            scales = [1, 2, 2, 2, 1] if dialect == "last" else [1, 1, 2, 2, 2]
            node("Resize", [taken[0], array(f"{name}_r", []), array(f"{name}_s", scales)], name, mode="nearest",
                 coordinate_transformation_mode="asymmetric")
        else:
            node("Concat", taken, name, axis=-1 if dialect == "last" else 1)
    node("Identity", [names[layers[-1][0]]], "predictions")
    shape = ["n", 48, 48, 48, 1] if dialect == "last" else ["n", 1, 48, 48, 48]
    value = lambda name: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "lesion", [value("input_1")], [value("predictions")], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def make(folder, depth, base, seed):
    layers = published(int(depth), int(base), np.random.default_rng(int(seed)))
    write_keras(f"{folder}/net.h5", layers)
    for dialect in ("kept", "folded", "apart", "last"):
        write_onnx(f"{folder}/{dialect}.onnx", layers, dialect)


def run(path, x, y, z, source, target):
    import onnx
    import onnxruntime

    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    sides = (int(x), int(y), int(z))
    last = session.get_inputs()[0].shape[-1] == 1
    patch = np.fromfile(source, "<f4").reshape((1, *sides, 1) if last else (1, 1, *sides))
    session.run(["predictions"], {"input_1": patch})[0].astype("<f4").tofile(target)


if __name__ == "__main__":
    {"make": make, "run": run}[sys.argv[1]](*sys.argv[2:])
