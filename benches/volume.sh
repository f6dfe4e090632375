#!/usr/bin/env bash
# How long does it take to segment one volume, from the file to the mask's file? Prints it, writes benches/results/volume.json.
#
#   benches/volume.sh MODEL [IMAGE]
#
# Times whole `deepseg predict` processes on the processor with two threads (RAYON_NUM_THREADS names another number): reading,
# finding the cord, resampling, the network, writing. Median of 5 after one to warm up; the target is 3 s. Without an IMAGE on
# a made-up 320 x 256 x 19 axial volume that looks like T2. DEEPSEG names another binary than the release build.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -ne 1 ] && [ $# -ne 2 ]; then
  echo "usage: benches/volume.sh MODEL [IMAGE]" >&2
  exit 2
fi
model=$(realpath -e "$1") image=
[ $# -eq 1 ] || image=$(realpath -e "$2")
[ -z "${DEEPSEG:-}" ] || DEEPSEG=$(realpath -e "$DEEPSEG")
cd "$here/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/deepseg
if [ -z "${DEEPSEG:-}" ]; then
  export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
  cargo build --release
  DEEPSEG=$CARGO_TARGET_DIR/release/deepseg
fi
python=python3
if [ -z "$image" ]; then
  python=$cache/bench-venv/bin/python
  [ -x "$python" ] || { python3 -m venv "$cache/bench-venv"; "$python" -m pip install -q torch numpy nibabel scipy; }
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p benches/results
export RAYON_NUM_THREADS=${RAYON_NUM_THREADS:-2}
"$python" -B benches/volume.py "$DEEPSEG" "$model" "$work" benches/results/volume.json ${image:+"$image"}
