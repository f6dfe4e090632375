#!/usr/bin/env python3
"""Times training with and without augmentation, in turns; called by feed.sh. Needs nothing but Python."""
import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

# Everybody trains, nobody validates: the device does nothing but steps.
ALL_TRAIN = ["--set", "split.train=1", "--set", "split.val=0", "--set", "split.test=0"]


def second_epoch(deepseg, project, network, augment, device, run):
    """Patches a second and busy share of the second epoch: the first still warms up."""
    command = [deepseg, "train", project, "--network", network, "--device", device, "--epochs", "2", "--augment", augment]
    before = processor_seconds()
    subprocess.run([*command, *ALL_TRAIN, "--run-dir", run], check=True, capture_output=True)
    spent = processor_seconds() - before
    events = [json.loads(line) for line in Path(run, "events.jsonl").read_text().splitlines()]
    started = next(e for e in events if e["kind"] == "started")
    epoch = [e for e in events if e["kind"] == "epoch"][-1]
    busy = 1 - epoch["waited"] / epoch["seconds"]
    return {"patches_per_second": epoch["patches_per_second"], "busy": busy, "processor_seconds": spent}, started


def processor_seconds():
    """Of all finished children, user and system."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main():
    deepseg, project, networks, device, runs, work, out = sys.argv[1:]
    rows, load = [], os.getloadavg()[1]
    print(f"{'network':<8} {'plain /s':>9} {'strong /s':>9} {'ratio':>6} {'CPU s':>6} {'busy':>6}  patches  device")
    for network in networks.split(","):
        found = {"none": [], "strong": []}
        for number in range(int(runs)):
            # The order changes too, so that a drift of the machine favours neither.
            for augment in sorted(found, reverse=bool(number % 2)):
                run = f"{work}/{network}-{augment}-{number}"
                measured, started = second_epoch(deepseg, project, network, augment, device, run)
                found[augment].append(measured)
        middle = {
            augment: {key: statistics.median(m[key] for m in all_runs) for key in all_runs[0]}
            for augment, all_runs in found.items()
        }
        def ratio_of(key):
            return statistics.median(s[key] / n[key] for s, n in zip(found["strong"], found["none"]))

        ratio, processor = ratio_of("patches_per_second"), ratio_of("processor_seconds")
        rows.append({
            "network": network, "device": started["device"], "patches": started["train_patches"],
            "runs": int(runs), "median": middle, "ratio": ratio, "processor_ratio": processor, "all": found,
        })
        print(
            f"{network:<8} {middle['none']['patches_per_second']:>9.2f} {middle['strong']['patches_per_second']:>9.2f}"
            f" {ratio:>6.3f} {processor:>6.3f} {middle['strong']['busy']:>6.1%}  {started['train_patches']:>7}  {started['device']}",
            flush=True,
        )
    Path(out).write_text(json.dumps({"processors": os.cpu_count(), "load": load, "rows": rows}, indent=1) + "\n")
    slow = [row["network"] for row in rows if row["ratio"] < 0.95]
    if slow:
        sys.exit(f"augmentation costs more than 5 % with {', '.join(slow)}")


if __name__ == "__main__":
    main()
