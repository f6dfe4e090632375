#!/usr/bin/env python3
"""Times training steps and predictions on the processor, ours and PyTorch's in turns; called by step.sh.

Usage: step.py DEEPSEG ROUNDS THREADS OUT.json
"""
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch

from report import heading
from torch_unet import NETWORKS, UNet, dice_loss

NETWORK, PATCH, TARGET = "t2s", 48, 1.2
# What is asked for: (what, batch).
ROWS = [("training", 2), ("training", 16), ("prediction", 1), ("prediction", 2), ("prediction", 16)]
# Runs of each in one turn: three rounds give 15 of the small ones and 3 of the large ones.
RUNS = {1: 5, 2: 5, 16: 1}
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last_3d": torch.channels_last_3d}


def peer_work(what, batch, layout):
    """One training step or one prediction in PyTorch, as a function to call."""
    torch.manual_seed(0)
    net = UNet(*NETWORKS[NETWORK]).to(memory_format=layout)
    x = torch.randn(batch, 1, PATCH, PATCH, PATCH).to(memory_format=layout)
    if what == "prediction":
        net.eval()

        def predict():
            with torch.inference_mode():
                net(x)

        return predict
    y = (torch.rand(batch, 1, PATCH, PATCH, PATCH) > 0.95).float()
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)

    def train():
        optimiser.zero_grad()
        loss = dice_loss(net(x), y)
        loss.backward()
        optimiser.step()
        return loss.item()

    return train


def peer_turn(found):
    """Every row in both layouts, appended to `found`."""
    for what, batch in ROWS:
        for name, layout in LAYOUTS.items():
            work = peer_work(what, batch, layout)
            # The first call chooses kernels and packs weights, the second has its memory already.
            for _ in range(2 if batch < 16 else 1):
                work()
            for _ in range(RUNS[batch]):
                start = time.perf_counter()
                work()
                found[what, batch, name].append(time.perf_counter() - start)


def our_turn(deepseg, threads, found):
    """Every row by `deepseg speed`, appended to `found`; batches with the same number of runs share a process."""
    answer = {}
    for runs in sorted(set(RUNS.values()), reverse=True):
        batches = ",".join(str(batch) for batch, count in RUNS.items() if count == runs)
        command = [deepseg, "speed", "--network", NETWORK, "--batch", batches, "--patch", str(PATCH), "--device", "cpu"]
        done = subprocess.run(
            [*command, "--runs", str(runs), "--json"],
            env={**os.environ, "RAYON_NUM_THREADS": str(threads)},
            stdout=subprocess.PIPE, text=True,
        )
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed with {done.returncode}")
        answer = json.loads(done.stdout)
        for row in answer["rows"]:
            if (row["what"], row["batch"]) in found:
                found[row["what"], row["batch"]].extend(row["seconds"])
    return {key: answer.get(key) for key in ("device", "precision", "operations")}


def result(what, batch, ours, theirs):
    """One row of the report: PyTorch's faster layout against ours."""
    medians = {name: statistics.median(theirs[what, batch, name]) for name in LAYOUTS}
    layout = min(medians, key=medians.get)
    mine = statistics.median(ours[what, batch])
    # On a busy machine the fastest run of each side says more than the middle one.
    fastest = min(min(theirs[what, batch, name]) for name in LAYOUTS) / min(ours[what, batch])
    return {
        "what": what, "batch": batch, "layout": layout, "peer_s": medians[layout], "ours_s": mine,
        "ratio": medians[layout] / mine, "ratio_of_fastest": fastest, "target": TARGET, "peer_medians": medians,
        "our_runs": ours[what, batch],
        "peer_runs": {name: theirs[what, batch, name] for name in LAYOUTS},
    }


def main():
    deepseg, rounds, threads, out = sys.argv[1], max(3, int(sys.argv[2])), int(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(threads)
    ours = {row: [] for row in ROWS}
    theirs = {(*row, name): [] for row in ROWS for name in LAYOUTS}
    head, about = heading(torch=torch.__version__), {}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        # The order changes too, so that a drift of the machine favours neither.
        for turn in ("ours", "peer") if number % 2 == 0 else ("peer", "ours"):
            if turn == "ours":
                about = our_turn(deepseg, threads, ours)
            else:
                peer_turn(theirs)
    missing = [f"{what} with batch {batch}" for (what, batch), seconds in ours.items() if not seconds]
    if missing:
        sys.exit(f"deepseg speed gave no numbers for {', '.join(missing)}")
    rows = [result(what, batch, ours, theirs) for what, batch in ROWS]
    report = {
        "what": f"{NETWORK}, {PATCH}^3 patches, on the processor; median over {rounds} rounds in turns",
        **head,
        "threads": threads,
        "deepseg": about,
        "rows": rows,
    }
    Path(out).write_text(json.dumps(report, indent=1) + "\n")
    print(f"{report['what']}, {threads} threads, {about.get('operations')} operations")
    if head["machine"]["load_before"] > 0.5:
        print(
            f"the machine was busy before (load {head['machine']['load_before']:.1f}), which slows PyTorch's equal shares per "
            "thread more than ours: measure again when it is idle"
        )
    print(f"{'what':<11}{'batch':>6}{'PyTorch':>12}  {'layout':<18}{'ours':>11}{'ratio':>8}{'of fastest':>12}{'target':>8}")
    for row in rows:
        reached = "reached" if row["ratio"] >= row["target"] else "missed"
        print(
            f"{row['what']:<11}{row['batch']:>6}{row['peer_s'] * 1e3:>9.1f} ms  {row['layout']:<18}{row['ours_s'] * 1e3:>8.1f} ms"
            f"{row['ratio']:>7.2f}x{row['ratio_of_fastest']:>11.2f}x{row['target']:>7.1f}x  {reached}"
        )


if __name__ == "__main__":
    main()
