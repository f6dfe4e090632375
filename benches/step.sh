#!/usr/bin/env bash
# How long is a training step and a prediction on the processor, ours against PyTorch's? Prints a table, writes
# benches/results/step.json.
#
#   benches/step.sh [ROUNDS] [THREADS]
#
# The network is the published t2s on random 48^3 patches: training with batches of 2 and 16, prediction with 1, 2 and 16.
# PyTorch runs contiguous and channels_last_3d, and the faster of the two counts. Both sides have the same number of threads
# and take turns, ROUNDS times (default 3, at least 3), each warmed up anew in every turn, so that noise of the machine hits
# both; a figure is the median over all rounds. About 2 minutes. DEEPSEG names another binary than the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3} threads=${2:-$(nproc)}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/deepseg
if [ -z "${DEEPSEG:-}" ]; then
  export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
  cargo build --release
  DEEPSEG=$CARGO_TARGET_DIR/release/deepseg
fi
python=$cache/bench-venv/bin/python
[ -x "$python" ] || { python3 -m venv "$cache/bench-venv"; "$python" -m pip install -q torch numpy nibabel scipy; }
mkdir -p benches/results
# PyTorch reads the number of threads when it starts.
OMP_NUM_THREADS=$threads "$python" -B benches/step.py "$DEEPSEG" "$rounds" "$threads" benches/results/step.json
