#!/usr/bin/env python3
"""Times the workbench's start on a made-up BIDS dataset, seen through a pseudo-terminal (called by start.sh)."""
import datetime
import fcntl
import gzip
import json
import os
import platform
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

ROWS, COLUMNS, SHAPE = 40, 120, (96, 96, 20)
PATIENCE = 20.0
# Pictures are made of upper half-blocks in this terminal; a few of them may be an ornament.
BLOCK, MANY = "\u2580".encode(), 50


def nifti(kind, voxel):
    """A gzipped NIfTI-1 file; kind 4 is int16, 2 is uint8."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *SHAPE, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, kind, 16 if kind == 4 else 8)
    struct.pack_into("<8f", header, 76, 1, 1, 1, 3, 0, 0, 0, 0)
    struct.pack_into("<f", header, 108, 352)
    struct.pack_into("<f", header, 112, 1)
    struct.pack_into("<hh", header, 252, 1, 1)
    for row, start in enumerate((280, 296, 312)):
        struct.pack_into("<4f", header, start, *[(1, 1, 3)[row] if column == row else 0 for column in range(4)])
    header[344:348] = b"n+1\0"
    x, y, z = SHAPE
    values = [voxel(i, j, k) for k in range(z) for j in range(y) for i in range(x)]
    return gzip.compress(bytes(header) + struct.pack(f"<{len(values)}{'h' if kind == 4 else 'B'}", *values), 1)


def make_dataset(folder, subjects):
    """Every subject has the same files; only the first copy takes room."""
    inside = lambda i, j: (i - 48) ** 2 + (j - 46) ** 2
    image = nifti(4, lambda i, j, k: 900 if inside(i, j) < 36 else 1400 if inside(i, j) < 100 else (i * 7 + j * 5 + k * 3) % 500)
    mask = nifti(2, lambda i, j, k: int(inside(i, j) < 4 and 8 <= k < 11))
    folder.mkdir()
    (folder / "dataset_description.json").write_text('{"Name": "start", "BIDSVersion": "1.8.0"}')
    first = {}
    for number in range(subjects):
        subject = f"sub-{number:04}"
        for base, suffix, content in [(folder, "T2w", image), (folder / "derivatives/labels", "T2w_lesion-manual", mask)]:
            place = base / subject / "anat"
            place.mkdir(parents=True)
            path = place / f"{subject}_{suffix}.nii.gz"
            if suffix in first:
                os.link(first[suffix], path)
            else:
                path.write_bytes(content)
                first[suffix] = path


def start(program, project):
    """Seconds to the first bytes, to the list, and to a picture; None for what did not come."""
    seen = {"screen": None, "list": None, "picture": None}
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execv(program, [program, str(project)])
    begin = time.perf_counter()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    output = b""
    while None in seen.values() and time.perf_counter() - begin < PATIENCE:
        if not select.select([terminal], [], [], 0.05)[0]:
            continue
        output += os.read(terminal, 1 << 16)
        now = time.perf_counter() - begin
        found = {"screen": b"\x1b[?1049h" in output, "list": b"0003" in output, "picture": output.count(BLOCK) > MANY}
        for what, is_there in found.items():
            if is_there and seen[what] is None:
                seen[what] = now
    os.kill(pid, signal.SIGKILL)
    os.close(terminal)
    os.waitpid(pid, 0)
    return seen


def main():
    program, work, subjects, runs, out = sys.argv[1:]
    work = Path(work)
    make_dataset(work / "data", int(subjects))
    subprocess.run(
        [program, "init", work / "data", "--project", work / "project", "--image", "T2w", "--mask", "lesion-manual"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    start(program, work / "project")
    times = [start(program, work / "project") for _ in range(int(runs))]
    report = {
        "what": f"start of the workbench on {subjects} subjects, {COLUMNS}x{ROWS}, seconds",
        "date": datetime.date.today().isoformat(),
        "commit": subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip(),
        "machine": {"processor": platform.machine(), "cores": os.cpu_count()},
        "binary_bytes": os.path.getsize(program),
        "runs": times,
    }
    print(f"{report['what']} ({runs} runs)\n{'':<10}{'median':>10}{'worst':>10}")
    for what in ["screen", "list", "picture"]:
        values = [run[what] for run in times]
        if None in values:
            print(f"{what:<10} not seen in {values.count(None)} of {len(values)} runs")
            continue
        report[what] = statistics.median(values)
        print(f"{what:<10}{report[what] * 1e3:>7.0f} ms{max(values) * 1e3:>7.0f} ms")
    print(f"binary: {report['binary_bytes'] / 1e6:.1f} MB")
    Path(out).write_text(json.dumps(report, indent=1) + "\n")


main()
