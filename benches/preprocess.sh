#!/usr/bin/env bash
# How much faster is the fused crop than doing its steps one by one? Prints a table, writes benches/results/preprocess.json.
#
#   benches/preprocess.sh [IMAGE CORD_MASK]
#
# Without arguments on a made-up 384 x 384 x 17 volume. The peer is what the Spinal Cord Toolbox's Python does (reorient,
# resample all of it to 0.5 mm, crop slice by slice, standardise), in numpy, scipy and nibabel, in one process and without the
# files the toolbox writes between its steps. Both are warmed up and timed in the same run; the result is the ratio of medians.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ $# -ne 0 ] && [ $# -ne 2 ]; then
  echo "usage: benches/preprocess.sh [IMAGE CORD_MASK]" >&2
  exit 2
fi
[ $# -eq 2 ] && set -- "$(realpath "$1")" "$(realpath "$2")"
cd "$here/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/deepseg
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
ours=$(cargo build --release --bench preprocess --message-format=json |
  sed -n 's/.*"executable":"\([^"]*preprocess-[^"]*\)".*/\1/p' | tail -1)
python=$cache/bench-venv-numpy/bin/python
[ -x "$python" ] || python3 -m venv "$cache/bench-venv-numpy"
"$python" -c "import numpy, scipy, nibabel" 2>/dev/null || "$python" -m pip install -q numpy scipy nibabel
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p benches/results

"$python" benches/preprocess.py "$ours" "$work" benches/results/preprocess.json "$@"
