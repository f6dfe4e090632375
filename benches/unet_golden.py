"""Writes tests/data/unet_golden.safetensors: a small U-Net's training in PyTorch, double precision, as truth for ours.

Needs `pip install torch numpy safetensors` in an environment of its own; run from the repository root.
"""
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(20)
torch.set_default_dtype(torch.float64)
DEPTH, BASE, EPSILON, LR, ADAM_EPSILON = 2, 2, 1e-3, 1e-2, 1e-4


def blocks():
    """(name, in, out) of every block, in the order of the forward pass."""
    channels = 1
    for level in range(DEPTH):
        for i, width in enumerate([BASE << level, BASE << (level + 1)]):
            yield f"enc.{level}.{i}", channels, width
            channels = width
    for level in reversed(range(DEPTH - 1)):
        width = BASE << (level + 1)
        for i in range(2):
            yield f"dec.{level}.{i}", channels + width if i == 0 else channels, width
            channels = width
    yield "head", channels, 1


def make_weights():
    values = {}
    for name, cin, cout in blocks():
        k = 1 if name == "head" else 3
        values[f"{name}.conv.weight"] = torch.randn(cout, cin, k, k, k) * (2 / (cin * k**3)) ** 0.5
        values[f"{name}.conv.bias"] = torch.randn(cout) * 0.1
        if name != "head":
            values[f"{name}.norm.weight"] = 1 + 0.2 * torch.randn(cout)
            values[f"{name}.norm.bias"] = 0.2 * torch.randn(cout)
            values[f"{name}.norm.running_mean"] = 0.2 * torch.randn(cout)
            values[f"{name}.norm.running_var"] = 1 + 0.5 * torch.rand(cout)
    return values


def block(values, name, x, training):
    x = F.conv3d(x, values[f"{name}.conv.weight"], values[f"{name}.conv.bias"], padding=1)
    mean, var = values[f"{name}.norm.running_mean"], values[f"{name}.norm.running_var"]
    if training:
        batch_mean, batch_var = x.mean((0, 2, 3, 4)), x.var((0, 2, 3, 4), unbiased=False)
        with torch.no_grad():
            mean.mul_(0.99).add_(0.01 * batch_mean)
            var.mul_(0.99).add_(0.01 * batch_var)
        mean, var = batch_mean, batch_var
    spread = lambda v: v.view(1, -1, 1, 1, 1)
    x = (x - spread(mean)) / torch.sqrt(spread(var) + EPSILON)
    return torch.relu(x * spread(values[f"{name}.norm.weight"]) + spread(values[f"{name}.norm.bias"]))


def forward(values, x, training):
    skips = []
    for level in range(DEPTH):
        for i in range(2):
            x = block(values, f"enc.{level}.{i}", x, training)
        if level + 1 < DEPTH:
            skips.append(x)
            x = F.max_pool3d(x, 2)
    for level in reversed(range(DEPTH - 1)):
        x = torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), skips.pop()], 1)
        for i in range(2):
            x = block(values, f"dec.{level}.{i}", x, training)
    return torch.sigmoid(F.conv3d(x, values["head.conv.weight"], values["head.conv.bias"]))


def dice_loss(p, y):
    return 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)


values = make_weights()
images = torch.randn(2, 1, 8, 12, 16)
targets = (torch.rand(2, 1, 8, 12, 16) > 0.8).double()
out = {f"before.{k}": v.clone() for k, v in values.items()}
out |= {"images": images, "targets": targets, "predicted": forward(values, images, False)}

leaves = {k: v.requires_grad_() for k, v in values.items() if "running" not in k}
adam = torch.optim.Adam(leaves.values(), lr=LR, eps=ADAM_EPSILON)
losses = []
for step in range(3):
    adam.zero_grad()
    p = forward(values, images, True)
    loss = dice_loss(p, targets)
    loss.backward()
    if step == 0:
        out["forward"] = p.detach().clone()
        out |= {f"grad.{k}": v.grad.clone() for k, v in leaves.items()}
    losses.append(loss.item())
    adam.step()
out["losses"] = torch.tensor(losses)
out |= {f"after.{k}": v.detach() for k, v in values.items()}
out = {k: v.detach().float().contiguous() for k, v in out.items()}
save_file(out, "tests/data/unet_golden.safetensors", metadata={"deepseg": "{}"})
print(losses, sum(v.numel() for v in out.values()))
