"""The published lesion networks in PyTorch, as the peer of the comparisons in this folder (step, gpu, train_parity)."""
import torch
from torch import nn
import torch.nn.functional as F

# Depth and base of each published network.
NETWORKS = {"t2s": (3, 8), "t2_ax": (2, 16)}


def block(inputs, outputs):
    """Convolution, batch normalisation, ReLU.

    The running moments move by PyTorch's own 0.1, not by the published 0.01, which over so few steps would leave them at
    their start and the validation meaningless; deepseg lets its own catch up, too.
    """
    norm = nn.BatchNorm3d(outputs, eps=1e-3, momentum=0.1)
    return nn.Sequential(nn.Conv3d(inputs, outputs, 3, padding=1), norm, nn.ReLU(inplace=True))


class UNet(nn.Module):
    """The published lesion networks: level L has blocks of base*2^L and base*2^(L+1) channels."""

    def __init__(self, depth, base):
        super().__init__()
        self.down, self.up, skips, channels = nn.ModuleList(), nn.ModuleList(), [], 1
        for level in range(depth):
            a, b = base * 2**level, base * 2 ** (level + 1)
            self.down.append(nn.Sequential(block(channels, a), block(a, b)))
            skips.append(b)
            channels = b
        for skip in reversed(skips[:-1]):
            self.up.append(nn.Sequential(block(channels + skip, skip), block(skip, skip)))
            channels = skip
        self.head = nn.Conv3d(channels, 1, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, x):
        skips = []
        for level, down in enumerate(self.down):
            x = down(x if level == 0 else F.max_pool3d(x, 2))
            skips.append(x)
        for up, skip in zip(self.up, reversed(skips[:-1])):
            x = up(torch.cat([F.interpolate(x, scale_factor=2, mode="nearest"), skip], 1))
        return torch.sigmoid(self.head(x))


def dice_loss(p, y):
    return 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)
