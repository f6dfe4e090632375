#!/usr/bin/env python3
"""Trains the network of a deepseg run once more in PyTorch: same crops, same split, same schedule; prints both curves.

Usage: train_parity.py OUT.json RUN_DIR [RUN_DIR ...]     (called by train_parity.sh)

Each run's config.toml says who trains and who validates, its events.jsonl holds our curve. The crops are the project's
own `*_desc-cropnorm.nii.gz`, so that preprocessing plays no part in the difference; only network, loss, optimiser,
augmentation and loop are compared. Needs torch, numpy and nibabel.
"""
import json
import statistics
import sys
import tomllib
from pathlib import Path

import nibabel
import numpy as np
import torch

from torch_unet import NETWORKS, UNet, dice_loss

PATCH = 48


def windows(image, mask, step):
    """48-slabs along z every `step`, over the length padded with zeros at the end."""
    n = image.shape[2]
    starts = range(0, max(n - PATCH + step, 1), step)
    for z in starts:
        pad = max(0, z + PATCH - n)
        yield tuple(np.pad(a[:, :, z : z + PATCH], ((0, 0), (0, 0), (0, pad))) for a in (image, mask))


def find(project, scan, what):
    found = sorted(Path(project, "derivatives").rglob(f"{scan}_desc-{what}.nii.gz"))
    if not found:
        sys.exit(f"{project}: no {what} of {scan}; run deepseg preprocess first")
    return nibabel.load(found[0]).get_fdata(dtype=np.float32)


def dice(model, image, mask):
    """Dice of one scan at 0.5, patches stitched."""
    p = [model(torch.from_numpy(i)[None, None])[0, 0].numpy() for i, _ in windows(image, mask, PATCH)]
    p = np.concatenate(p, 2)[:, :, : image.shape[2]] >= 0.5
    total = p.sum() + mask.sum()
    return float(2 * (p * mask).sum() / total) if total else 1.0


def train(config, epochs):
    torch.manual_seed(config["seed"])
    rng = np.random.default_rng(config["seed"])
    scans = {"train": [], "val": [], "test": []}
    for entry in config["data"]:
        pair = find(config["project"], entry["id"], "cropnorm"), find(config["project"], entry["id"], "crop_mask")
        scans[entry["split"]].append(pair)
    voxels = np.concatenate([i.ravel() for i, _ in scans["train"]])
    mean, std = float(voxels.mean()), float(voxels.std())
    scans = {k: [((i - mean) / std, m) for i, m in v] for k, v in scans.items()}
    step = PATCH - config.get("patch", {}).get("overlap", 24)
    patches = [w for i, m in scans["train"] for w in windows(i, m, step)]
    depth, base = NETWORKS[config["network"]]
    model = UNet(depth, base)
    optimiser = torch.optim.Adam(model.parameters(), lr=config["lr"])
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=0.5, patience=10)
    curve = []
    for _ in range(epochs):
        model.train()
        order, batch = rng.permutation(len(patches)), config["batch"]
        for start in range(0, len(order), batch):
            chosen = []
            for index in order[start : start + batch]:
                axes = [axis for axis in range(3) if rng.random() < 0.5]
                chosen.append([np.flip(a, axes).copy() for a in patches[index]])
            x, y = (torch.from_numpy(np.stack(a)[:, None]) for a in zip(*chosen))
            optimiser.zero_grad()
            loss = dice_loss(model(x), y)
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            losses = [dice_loss(model(torch.from_numpy(a)[None, None]), torch.from_numpy(b)[None, None]) for i, m in scans["val"] for a, b in windows(i, m, PATCH)]
            curve.append({part: statistics.mean(dice(model, i, m) for i, m in scans[part]) for part in ("val",)}["val"])
        schedule.step(float(torch.stack(losses).mean()))
    return curve, len(patches)


def ours(run):
    events = [json.loads(line) for line in Path(run, "events.jsonl").read_text().splitlines()]
    return [e["val_dice"] for e in sorted((e for e in events if e["kind"] == "epoch"), key=lambda e: e["epoch"])]


def main():
    out, runs = sys.argv[1], sys.argv[2:]
    torch.set_num_threads(2)
    rows = []
    for run in runs:
        config = tomllib.loads(Path(run, "config.toml").read_text())
        mine = ours(run)
        theirs, patches = train(config, len(mine))
        rows.append({"seed": config["seed"], "fold": config["split"].get("fold"), "epochs": len(mine), "patches": patches,
                     "deepseg": mine, "pytorch": theirs})
        print(f"fold {rows[-1]['fold']} seed {config['seed']}: {patches} patches, epoch {len(mine)}: "
              f"deepseg {mine[-1]:.3f} (best {max(mine):.3f})   PyTorch {theirs[-1]:.3f} (best {max(theirs):.3f})", flush=True)
    summary = {}
    for name in ("deepseg", "pytorch"):
        best = [max(row[name]) for row in rows]
        summary[name] = {"median_best": statistics.median(best), "min": min(best), "max": max(best)}
    print(json.dumps(summary))
    Path(out).write_text(json.dumps({"torch": torch.__version__, "rows": rows, "best_validation_dice": summary}, indent=1))


main()
