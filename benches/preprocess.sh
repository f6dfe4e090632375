#!/usr/bin/env bash
# How much faster is the fused crop than doing its steps one by one? Prints a table and writes benches/results/preprocess.json,
# or preprocess_bids.json for a folder.
#
#   benches/preprocess.sh [IMAGE CORD_MASK | BIDS_FOLDER]
#
# Without arguments on a made-up 384 x 384 x 17 volume; with a BIDS folder on every image that has a cord mask there
# (derivatives/labels/.../anat/*_seg-manual.nii.gz). The peer is what the Spinal Cord Toolbox's Python does, in one process and
# without the files the toolbox writes between its steps: reorient to RPI, resample all of it to 0.5 mm with nibabel's
# resample_from_to (order 1, edges repeated), crop slice by slice, percentiles, standardise. Both sides are warmed up and timed
# in the same run, once from memory and once with reading the file; the result is the ratio of medians, and the largest
# difference between both results. PREPROCESS_BENCH names a built bench program; without it cargo builds it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
given=()
if [ $# -eq 1 ] && [ -d "$1" ]; then
  given=("$(realpath -e "$1")")
elif [ $# -eq 2 ]; then
  given=("$(realpath -e "$1")" "$(realpath -e "$2")")
elif [ $# -ne 0 ]; then
  echo "usage: benches/preprocess.sh [IMAGE CORD_MASK | BIDS_FOLDER]" >&2
  exit 2
fi
[ -z "${PREPROCESS_BENCH:-}" ] || PREPROCESS_BENCH=$(realpath -e "$PREPROCESS_BENCH")
cd "$here/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/deepseg
ours=${PREPROCESS_BENCH:-}
if [ -z "$ours" ]; then
  export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
  ours=$(cargo build --release --bench preprocess --message-format=json |
    sed -n 's/.*"executable":"\([^"]*preprocess-[^"]*\)".*/\1/p' | tail -1)
fi
# The environment of the comparisons with PyTorch has everything needed here; without it a smaller one will do.
python=$cache/bench-venv/bin/python
if [ ! -x "$python" ]; then
  python=$cache/bench-venv-numpy/bin/python
  [ -x "$python" ] || python3 -m venv "$cache/bench-venv-numpy"
fi
"$python" -c "import numpy, scipy, nibabel" 2>/dev/null || "$python" -m pip install -q numpy scipy nibabel
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p benches/results
out=benches/results/preprocess.json
[ ${#given[@]} -ne 1 ] || out=benches/results/preprocess_bids.json

"$python" -B benches/preprocess.py "$ours" "$work" "$out" "${given[@]}"
