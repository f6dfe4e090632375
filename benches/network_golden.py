"""Prints what PyTorch, in double precision, makes of networks of every kind: the constants of src/training/engine/kinds.rs.

Weights, images and targets are formulas, repeated in the test. Needs `pip install torch` in an environment of its own.
"""
import math

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
SHAPE = (2, 1, 8, 16, 16)
NETWORKS = {
    "instance_leaky": dict(depth=2, base=3, norm="instance", activation="leaky_relu"),
    "residual_strided_transposed": dict(depth=3, base=2, residual=True, down="strided", up="transposed"),
    "deeply_supervised": dict(depth=4, base=2, deep_supervision=True),
    "everything": dict(depth=3, base=2, norm="instance", activation="leaky_relu", residual=True, down="strided",
                       up="transposed", deep_supervision=True),
    "one_level": dict(depth=1, base=3, norm="instance", residual=True),
}


def wave(count, phase):
    return torch.sin(12.9898 * torch.arange(1, count + 1, dtype=torch.float64) + phase)


def phase(name):
    return float(sum((i + 1) * ord(c) for i, c in enumerate(name)) % 1000)


class Net:
    def __init__(self, depth, base, norm="batch", activation="relu", residual=False, down="max_pool", up="nearest",
                 deep_supervision=False):
        self.depth, self.base, self.norm, self.activation, self.residual = depth, base, norm, activation, residual
        self.down, self.up, self.deep = down, up, deep_supervision
        self.values = {}
        channels = 1
        for level in range(depth):
            channels = self.make_level(f"enc.{level}", channels, base << level, base << level + 1)
            if down == "strided" and level < depth - 1:
                self.make(f"enc.{level}.down", (channels, channels, 3, 3, 3), channels)
        for level in reversed(range(depth - 1)):
            width, arriving = base << level + 1, channels
            if up == "transposed":
                self.make(f"dec.{level}.up", (channels, width, 2, 2, 2), width)
                arriving = width
            channels = self.make_level(f"dec.{level}", arriving + width, width, width)
            if deep_supervision and level > 0:
                self.make(f"aux.{level}.conv", (1, channels, 1, 1, 1), 1)
        self.make("head.conv", (1, channels, 1, 1, 1), 1)

    def make(self, name, shape, biases):
        limit = math.sqrt(6 / ((shape[0] + shape[1]) * math.prod(shape[2:])))
        weight, bias = f"{name}.weight", f"{name}.bias"
        self.values[weight] = limit * wave(math.prod(shape), phase(weight)).reshape(shape)
        self.values[bias] = 0.1 * wave(biases, phase(bias))

    def make_level(self, name, channels, first, second):
        for i, (a, b) in enumerate([(channels, first), (first, second)]):
            self.make(f"{name}.{i}.conv", (b, a, 3, 3, 3), b)
            norm = f"{name}.{i}.norm"
            parts = ["weight", "bias"] + (["running_mean", "running_var"] if self.norm == "batch" else [])
            for part in parts:
                offset, factor = {"weight": (1, 0.3), "running_var": (1, 0.5)}.get(part, (0, 0.2))
                self.values[f"{norm}.{part}"] = offset + factor * wave(b, phase(f"{norm}.{part}"))
        if self.residual:
            self.make(f"{name}.shortcut", (second, channels, 1, 1, 1), second)
        return second

    def conv(self, name, x, **options):
        return F.conv3d(x, self.values[f"{name}.weight"], self.values[f"{name}.bias"], **options)

    def act(self, x):
        return F.relu(x) if self.activation == "relu" else F.leaky_relu(x, 0.01)

    def normed(self, name, x, training):
        v = lambda part: self.values[f"{name}.norm.{part}"]
        x = self.conv(f"{name}.conv", x, padding=1)
        if self.norm == "instance":
            return F.instance_norm(x, weight=v("weight"), bias=v("bias"), eps=1e-5)
        if not training:
            return F.batch_norm(x, v("running_mean"), v("running_var"), v("weight"), v("bias"), eps=1e-3)
        with torch.no_grad():
            v("running_mean").mul_(0.99).add_(0.01 * x.mean((0, 2, 3, 4)))
            v("running_var").mul_(0.99).add_(0.01 * x.var((0, 2, 3, 4), unbiased=False))
        return F.batch_norm(x, None, None, v("weight"), v("bias"), training=True, eps=1e-3)

    def level(self, name, x, training):
        inner = self.act(self.normed(f"{name}.0", x, training))
        out = self.normed(f"{name}.1", inner, training)
        return self.act(out + self.conv(f"{name}.shortcut", x) if self.residual else out)

    def forward(self, x, training):
        """Probabilities, finest first."""
        skips, heads = [], []
        for level in range(self.depth):
            x = self.level(f"enc.{level}", x, training)
            if level < self.depth - 1:
                skips.append(x)
                strided = self.down == "strided"
                x = self.conv(f"enc.{level}.down", x, stride=2, padding=1) if strided else F.max_pool3d(x, 2)
        for level in reversed(range(self.depth - 1)):
            if self.up == "transposed":
                up = f"dec.{level}.up"
                x = F.conv_transpose3d(x, self.values[f"{up}.weight"], self.values[f"{up}.bias"], stride=2)
            else:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = self.level(f"dec.{level}", torch.cat([x, skips.pop()], 1), training)
            if self.deep and level > 0 and training:
                heads.insert(0, torch.sigmoid(self.conv(f"aux.{level}.conv", x)))
        return [torch.sigmoid(self.conv("head.conv", x))] + heads


def loss(outputs, y):
    total, whole = 0, 0
    for i, p in enumerate(outputs):
        total += 0.5**i * (1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1))
        whole += 0.5**i
        y = F.max_pool3d(y, 2) if i + 1 < len(outputs) else y
    return total / whole


images = wave(math.prod(SHAPE), 5.0).reshape(SHAPE)
targets = (wave(math.prod(SHAPE), 6.0) > 0.9).double().reshape(SHAPE)
for name, described in NETWORKS.items():
    net = Net(**described)
    predicted = net.forward(images, False)[0]
    leaves = {k: v.requires_grad_() for k, v in net.values.items() if "running" not in k}
    adam = torch.optim.Adam(leaves.values(), lr=1e-2, eps=1e-4)
    first = loss(net.forward(images, True), targets)
    first.backward()
    norm = math.sqrt(sum((v.grad**2).sum().item() for v in leaves.values()))
    mixed = sum((v.grad.flatten() * wave(v.numel(), phase(k) + 1)).sum().item() for k, v in leaves.items())
    adam.step()
    with torch.no_grad():
        second = loss(net.forward(images, True), targets)
        after = net.forward(images, False)[0]
    numbers = [predicted.mean(), predicted[1, 0, 3, 5, 7], first, norm, mixed, second, after.mean()]
    print(name, ", ".join(f"{float(number.detach() if torch.is_tensor(number) else number):.7}" for number in numbers))
