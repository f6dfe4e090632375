#!/usr/bin/env python3
"""Times the steps of preprocessing one by one in numpy and scipy, then ours, on the same volume; checks that both agree.

Usage: preprocess.py OUR_BENCH WORK_DIR OUT.json [IMAGE CORD_MASK]     (called by preprocess.sh)
"""
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import nibabel
import numpy as np
from nibabel import orientations
from scipy import ndimage

RUNS, SPACING, SIZE = 9, 0.5, 48
LANDMARKS = np.array(
    [0, 123.246969, 226.422561, 338.361023, 532.341924, 788.693675, 1096.975553, 1407.979466, 1716.52453, 2079.788451, 2611]
)
PERCENTS = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99]


def make_volume(folder):
    """A noisy 384 x 384 x 17 axial volume with a bent cord, and the cord's mask."""
    random = np.random.default_rng(1)
    x, y, z = np.ogrid[:384, :384, :17]
    far = np.hypot(x - 190 - 6 * np.sin(z / 5.0), y - 185 - 0.8 * z)
    body = 900 * np.exp(-(((x - 192) / 150.0) ** 4) - ((y - 192) / 120.0) ** 4)
    clean = body + np.where(far < 11, 500, 0) + np.where((far >= 11) & (far < 18), 1500, 0)
    noisy = np.hypot(clean + random.normal(0, 40, clean.shape), random.normal(0, 40, clean.shape)).astype(np.float32)
    affine = np.diag([-0.5, 0.5, 3.0, 1.0])
    image, cord = folder / "image.nii.gz", folder / "cord.nii.gz"
    nibabel.save(nibabel.Nifti1Image(noisy, affine), image)
    nibabel.save(nibabel.Nifti1Image((far < 11).astype(np.uint8), affine), cord)
    return image, cord


def to_rpi(image):
    """The Spinal Cord Toolbox's RPI, which nibabel calls LAS."""
    turn = orientations.ornt_transform(orientations.io_orientation(image.affine), orientations.axcodes2ornt("LAS"))
    return image.as_reoriented(turn)


def resample(image, order):
    """The whole volume at SPACING; the centre of the first voxel stays, the edges repeat."""
    zooms = np.array(image.header.get_zooms()[:3], float)
    shape = np.round(np.array(image.shape) * zooms / SPACING).astype(int)
    step = np.array(image.shape) / shape
    voxels = ndimage.affine_transform(image.get_fdata(), np.diag(step), output_shape=tuple(shape), order=order, mode="nearest")
    return voxels


def window(centre, dim):
    """First and last (exclusive) voxel of the crop along one axis."""
    start, end = int(centre) - SIZE // 2 + 1, int(centre) + SIZE // 2 + 1
    if end > dim:
        start, end = max(dim - SIZE, 0), dim
    if start < 0:
        start, end = 0, min(SIZE, dim)
    return start, end


def crop(voxels, curve):
    out = np.zeros((SIZE, SIZE, len(curve)))
    for k, (z, x, y) in enumerate(curve):
        (x0, x1), (y0, y1) = window(x, voxels.shape[0]), window(y, voxels.shape[1])
        out[: x1 - x0, : y1 - y0, k] = voxels[x0:x1, y0:y1, z]
    return out


def tail(value, x1, x2, y1, y2, end):
    slope = (y2 - y1) / (x2 - x1)
    return end + (y2 - end) * np.exp(slope * (value - x2) / (y2 - end))


def standardise(voxels):
    p = np.percentile(voxels, PERCENTS)
    out = np.interp(voxels, p, LANDMARKS)
    low, high = voxels < p[0], voxels > p[-1]
    out[low] = tail(voxels[low], p[0], p[1], LANDMARKS[0], LANDMARKS[1], LANDMARKS[0])
    out[high] = tail(voxels[high], p[8], p[9], LANDMARKS[8], LANDMARKS[9], LANDMARKS[-1])
    return out


def curve_through(cord):
    """Whole voxels at SPACING, one per slice of the cord, as both sides get them."""
    voxels = resample(to_rpi(cord), 0)
    slices = [z for z in range(voxels.shape[2]) if voxels[:, :, z].any()]
    return [(z, *(int(round(c)) for c in ndimage.center_of_mass(voxels[:, :, z]))) for z in slices]


def timed(work):
    """Seconds of RUNS runs after one to warm up, and the last result."""
    work()
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return seconds, result


def peer(path, curve):
    loaded = to_rpi(nibabel.load(path))
    loaded.get_fdata()
    from_memory, result = timed(lambda: standardise(crop(resample(loaded, 1), curve)))
    from_file, _ = timed(lambda: standardise(crop(resample(to_rpi(nibabel.load(path)), 1), curve)))
    return {"from_memory": from_memory, "from_file": from_file}, result


def ours(program, work, path, curve):
    table, result = work / "curve.csv", work / "ours.nii.gz"
    table.write_text("z,x,y\n" + "".join(f"{z},{x},{y}\n" for z, x, y in curve))
    out = subprocess.run([program, path, table, result, str(RUNS)], check=True, capture_output=True, text=True)
    return json.loads(out.stdout), nibabel.load(result).get_fdata()


def main():
    program, work, out, *given = sys.argv[1:]
    image, cord = given or make_volume(Path(work))
    curve = curve_through(nibabel.load(cord))
    theirs, expected = peer(image, curve)
    found, result = ours(program, Path(work), image, curve)
    difference = float(np.abs(result - expected).max())
    rows = []
    for scope in ["from_memory", "from_file"]:
        a, b = statistics.median(theirs[scope]), statistics.median(found[scope])
        rows.append({"scope": scope, "peer_s": a, "ours_s": b, "ratio": a / b, "peer_runs": theirs[scope], "our_runs": found[scope]})
    report = {
        "what": "resample to 0.5 mm, crop 48 x 48 around the cord, standardise; median of %d runs after warming up" % RUNS,
        "date": datetime.date.today().isoformat(),
        "commit": subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip(),
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "nibabel": nibabel.__version__},
        "shape": list(nibabel.load(image).shape),
        "crop_shape": list(expected.shape),
        "largest_difference_of_2611": difference,
        "rows": rows,
    }
    Path(out).write_text(json.dumps(report, indent=1) + "\n")
    print(f"{report['what']}\n{'':<14}{'step by step':>14}{'fused':>12}{'ratio':>9}")
    for row in rows:
        print(f"{row['scope']:<14}{row['peer_s'] * 1e3:>11.1f} ms{row['ours_s'] * 1e3:>9.1f} ms{row['ratio']:>8.0f}x")
    print(f"largest difference {difference:.2g} of 2611")
    if difference > 1e-2:
        sys.exit("the results differ by more than 0.01: the comparison is void")


main()
