#!/usr/bin/env python3
"""Times the steps of preprocessing one by one as the Spinal Cord Toolbox's Python does them, then ours, on the same volumes;
checks that both agree.

Usage: preprocess.py OUR_BENCH WORK_DIR OUT.json [IMAGE CORD_MASK | BIDS_FOLDER]     (called by preprocess.sh)
"""
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import nibabel
import numpy as np
import scipy
from nibabel import orientations
from nibabel.processing import resample_from_to
from scipy import ndimage

from made_volume import KINDS, make_volume
from report import heading

RUNS, SPACING, SIZE = 7, 0.5, 48
# The largest difference allowed, of 2611.
TOLERANCE = 1e-2
CORD = "_seg-manual.nii.gz"
SCOPES = ["from_memory", "from_file"]
LANDMARKS = np.array(
    [0, 123.246969, 226.422561, 338.361023, 532.341924, 788.693675, 1096.975553, 1407.979466, 1716.52453, 2079.788451, 2611]
)
PERCENTS = [1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99]


def to_rpi(image):
    """The Spinal Cord Toolbox's RPI, which nibabel calls LAS."""
    turn = orientations.ornt_transform(orientations.io_orientation(image.affine), orientations.axcodes2ornt("LAS"))
    return image.as_reoriented(turn)


def resample(image, order):
    """The whole volume at SPACING as an image; the centre of the first voxel stays, the edges repeat.

    The toolbox interpolates whole numbers as float64 and leaves the others as they are.
    """
    if order and image.get_data_dtype().kind in "biu":
        image = nibabel.Nifti1Image(image.get_fdata(), image.affine, image.header)
        image.set_data_dtype(np.float64)
    zooms = np.array(image.header.get_zooms()[:3], float)
    shape = np.round(np.array(image.shape) * zooms / SPACING).astype(int)
    affine = image.affine @ np.diag([*(np.array(image.shape) / shape), 1.0])
    return resample_from_to(image, (tuple(shape), affine), order=order, mode="nearest")


def window(centre, dim):
    """First and last (exclusive) voxel of the crop along one axis."""
    start, end = int(centre) - SIZE // 2 + 1, int(centre) + SIZE // 2 + 1
    if end > dim:
        start, end = max(dim - SIZE, 0), dim
    if start < 0:
        start, end = 0, min(SIZE, dim)
    return start, end


def crop(image, curve):
    voxels = np.asanyarray(image.dataobj)
    out = np.zeros((SIZE, SIZE, len(curve)))
    for k, (z, x, y) in enumerate(curve):
        (x0, x1), (y0, y1) = window(x, voxels.shape[0]), window(y, voxels.shape[1])
        out[: x1 - x0, : y1 - y0, k] = voxels[x0:x1, y0:y1, z]
    return out


def tail(value, x1, x2, y1, y2, end):
    slope = (y2 - y1) / (x2 - x1)
    return end + (y2 - end) * np.exp(slope * (value - x2) / (y2 - end))


def landmarks(voxels, p):
    """Voxels with the percentiles p, mapped; not finite where percentiles coincide, as in the toolbox."""
    out = np.interp(voxels, p, LANDMARKS)
    low, high = voxels < p[0], voxels > p[-1]
    with np.errstate(all="ignore"):
        out[low] = tail(voxels[low], p[0], p[1], LANDMARKS[0], LANDMARKS[1], LANDMARKS[0])
        out[high] = tail(voxels[high], p[8], p[9], LANDMARKS[8], LANDMARKS[9], LANDMARKS[-1])
    return out


def standardise(voxels):
    return landmarks(voxels, np.percentile(voxels, PERCENTS))


def differences(result, cropped):
    """How far our result is from the toolbox's for its crop, and how many voxels lie on a jump and how many are not finite.

    The toolbox's mapping jumps at the first and the last percentile. On which side a voxel falls that equals one of them is
    up to the last bit of the interpolation, so that both sides are right for it.
    """
    p, expected = np.percentile(cropped, PERCENTS), standardise(cropped)
    apart = np.abs(result - expected)
    near = 1e-6 * np.abs(cropped).max()
    jump = np.minimum(np.abs(cropped - p[0]), np.abs(cropped - p[-1])) <= near
    for side in (-near, near):
        apart[jump] = np.fmin(apart[jump], np.abs(result - landmarks(cropped + side, p))[jump])
    finite = np.isfinite(apart)
    return float(apart[finite].max()), int(jump.sum()), int((~finite).sum())


def curve_through(cord):
    """Whole voxels at SPACING, one per slice from the cord's first to its last, as both sides get them."""
    voxels = np.asanyarray(resample(to_rpi(cord), 0).dataobj) > 0
    drawn = np.flatnonzero(voxels.any((0, 1)))
    centres = np.array([ndimage.center_of_mass(voxels[:, :, z]) for z in drawn])
    slices = np.arange(drawn[0], drawn[-1] + 1)
    x, y = (np.rint(np.interp(slices, drawn, centre)).astype(int) for centre in centres.T)
    return [tuple(map(int, point)) for point in zip(slices, x, y)]


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
    """Seconds of both scopes, seconds of each step from memory, and the crop before standardising."""
    loaded = to_rpi(nibabel.load(path))
    from_memory, _ = timed(lambda: standardise(crop(resample(loaded, 1), curve)))
    from_file, _ = timed(lambda: standardise(crop(resample(to_rpi(nibabel.load(path)), 1), curve)))
    resampling, resampled = timed(lambda: resample(loaded, 1))
    cropping, cropped = timed(lambda: crop(resampled, curve))
    standardising, _ = timed(lambda: standardise(cropped))
    steps = {"resample": resampling, "crop": cropping, "standardise": standardising}
    return {"from_memory": from_memory, "from_file": from_file}, {k: statistics.median(v) for k, v in steps.items()}, cropped


def ours(program, work, path, curve):
    table, result = work / "curve.csv", work / "ours.nii.gz"
    table.write_text("z,x,y\n" + "".join(f"{z},{x},{y}\n" for z, x, y in curve))
    out = subprocess.run([program, path, table, result, str(RUNS)], check=True, capture_output=True, text=True)
    return json.loads(out.stdout), nibabel.load(result).get_fdata()


def pairs(folder):
    """Every image of a BIDS folder that has a cord mask, with the mask."""
    found = []
    for mask in sorted(Path(folder, "derivatives").glob(f"*/**/*{CORD}")):
        name = mask.name.removesuffix(CORD) + ".nii.gz"
        found += [(image, mask) for image in sorted(Path(folder).glob(f"sub-*/**/{name}"))]
    if not found:
        sys.exit(f"{folder}: no image sub-*/.../NAME.nii.gz with a cord mask derivatives/.../NAME{CORD}")
    return found


def compare(program, work, image, cord):
    """Both sides on one volume."""
    curve = curve_through(nibabel.load(cord))
    theirs, steps, cropped = peer(image, curve)
    found, result = ours(program, work, image, curve)
    if result.shape != cropped.shape:
        sys.exit(f"{image}: our crop is {result.shape}, the toolbox's {cropped.shape}")
    largest, on_a_jump, not_finite = differences(result, cropped)
    rows = []
    for scope in SCOPES:
        a, b = statistics.median(theirs[scope]), statistics.median(found[scope])
        rows.append({"scope": scope, "peer_s": a, "ours_s": b, "ratio": a / b, "peer_runs": theirs[scope], "our_runs": found[scope]})
    return {
        "image": Path(image).name,
        "shape": list(nibabel.load(image).shape),
        "crop_shape": list(cropped.shape),
        "largest_difference_of_2611": largest,
        "voxels": {"on_a_jump": on_a_jump, "not_finite_in_peer": not_finite},
        "rows": rows,
        "peer_steps_s": steps,
    }


def total(volumes):
    """The volumes' medians added up."""
    rows = []
    for number, scope in enumerate(SCOPES):
        a, b = (sum(volume["rows"][number][side] for volume in volumes) for side in ("peer_s", "ours_s"))
        rows.append({"scope": scope, "peer_s": a, "ours_s": b, "ratio": a / b})
    return rows


def line(name, shape, row, difference):
    label = {"from_memory": "in memory", "from_file": "with the file"}[row["scope"]]
    return (
        f"{name:<36}{shape:<14}{label:<14}{row['peer_s'] * 1e3:>9.1f} ms{row['ours_s'] * 1e3:>8.1f} ms{row['ratio']:>7.0f}x"
        f"{difference:>12}"
    )


def main():
    program, work, out, *given = sys.argv[1:]
    head = heading(numpy=np.__version__, scipy=scipy.__version__, nibabel=nibabel.__version__)
    chosen = pairs(given[0]) if len(given) == 1 else [tuple(given) or make_volume(Path(work), "t2s")]
    what = f"resample to 0.5 mm, crop {SIZE} x {SIZE} around the cord, standardise; median of {RUNS} runs after warming up"
    print(f"{what}\n{'volume':<36}{'shape':<14}{'scope':<14}{'toolbox':>12}{'ours':>11}{'ratio':>8}{'difference':>12}", flush=True)
    volumes = []
    for image, cord in chosen:
        volume = compare(program, Path(work), image, cord)
        volumes.append(volume)
        shape = "x".join(map(str, volume["shape"]))
        name = volume["image"].removesuffix(".nii.gz")[-35:] if given else "made-up"
        for row in volume["rows"]:
            print(line(name, shape, row, f"{volume['largest_difference_of_2611']:.2g}"), flush=True)
    largest = max(volume["largest_difference_of_2611"] for volume in volumes)
    rows = total(volumes)
    if len(volumes) > 1:
        for row in rows:
            print(line(f"all {len(volumes)}", "", row, f"{largest:.2g}"))
    report = {
        "what": what, "peer": "nibabel.processing.resample_from_to(order=1, mode='nearest'), numpy", **head,
        "largest_difference_of_2611": largest, "rows": rows, "volumes": volumes,
    }
    Path(out).write_text(json.dumps(report, indent=1) + "\n")
    print(f"largest difference {largest:.2g} of 2611")
    jumps, skipped = (sum(volume["voxels"][key] for volume in volumes) for key in ("on_a_jump", "not_finite_in_peer"))
    if jumps:
        print(f"{jumps} voxels equal the first or last percentile, where the toolbox's mapping jumps; either side was accepted")
    if skipped:
        print(f"{skipped} voxels, where the toolbox divides by zero, were left out")
    if not largest <= TOLERANCE:
        sys.exit(f"the results differ by more than {TOLERANCE}: the comparison is void")


if __name__ == "__main__":
    main()
