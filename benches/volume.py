#!/usr/bin/env python3
"""Times whole `deepseg predict` processes on one volume; called by volume.sh.

Usage: volume.py DEEPSEG MODEL WORK_DIR OUT.json [IMAGE]     (needs numpy and nibabel only without an IMAGE)
"""
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from report import heading

RUNS, TARGET = 5, 3.0


def predict(deepseg, model, image, folder):
    """Seconds and largest memory in bytes of one process, and what it says it did."""
    command = [deepseg, "predict", model, image, "--output", folder, "--device", "cpu", "--json"]
    log = Path(f"{folder}.log")
    with log.open("wb") as errors, Path(f"{folder}.json").open("wb") as answers:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=answers, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"deepseg predict failed with {process.returncode}:\n{log.read_text()}{Path(f'{folder}.json').read_text()}")
    return seconds, usage.ru_maxrss * 1024, json.loads(Path(f"{folder}.json").read_text())


def main():
    deepseg, model, work, out, *given = sys.argv[1:]
    if given:
        image, name = given[0], Path(given[0]).name
    else:
        from made_volume import KINDS, make_volume

        image, name = str(make_volume(Path(work), "t2")[0]), "made-up " + " x ".join(map(str, KINDS["t2"]["shape"]))
    version = subprocess.run([deepseg, "--version"], capture_output=True, text=True).stdout.strip()
    head = heading(deepseg=version)
    predict(deepseg, model, image, f"{work}/warm")
    runs = [predict(deepseg, model, image, f"{work}/{number}") for number in range(RUNS)]
    seconds = [run[0] for run in runs]
    median, threads = statistics.median(seconds), int(os.environ["RAYON_NUM_THREADS"])
    found = runs[-1][2]["predictions"][0]
    report = {
        "what": f"deepseg predict, from the file to the mask's file; median of {RUNS} processes after one to warm up",
        **head,
        "threads": threads,
        "model": Path(model).name,
        "image": name,
        "found": {key: value for key, value in found.items() if key not in ("image", "mask", "model", "tool")},
        "seconds": seconds,
        "median_s": median,
        "target_s": TARGET,
        "memory_bytes": max(run[1] for run in runs),
    }
    Path(out).write_text(json.dumps(report, indent=1) + "\n")
    print(f"{report['what']}\n{'image':<32}{'model':<18}{'threads':>7}{'median':>10}{'fastest':>10}{'target':>9}{'memory':>10}")
    print(
        f"{name[-31:]:<32}{report['model'][:17]:<18}{threads:>7}{median:>8.2f} s{min(seconds):>8.2f} s{TARGET:>7.1f} s"
        f"{report['memory_bytes'] / 2**20:>7.0f} MB  {'reached' if median <= TARGET else 'missed'}"
    )


if __name__ == "__main__":
    main()
