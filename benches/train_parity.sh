#!/usr/bin/env bash
# Does our training learn as well as PyTorch's? One command; prints a table and writes benches/results/train_parity.json.
#
#   benches/train_parity.sh BIDS_DATASET [EPOCHS] [SEEDS] [NETWORK]
#
# The dataset's grey-matter masks play the lesion, as in the README. Each of the four folds and each seed is trained by
# deepseg (CPU) and then, on the same crops, split and schedule, by PyTorch.
set -euo pipefail
cd "$(dirname "$0")/.."
dataset=${1:?the path of the BIDS dataset (T2starw, gmseg-manual, seg-manual)}
epochs=${2:-10} seeds=${3:-1} network=${4:-t2s}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/deepseg
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
cargo build --release
deepseg=$CARGO_TARGET_DIR/release/deepseg
python=$cache/bench-venv/bin/python
[ -x "$python" ] || { python3 -m venv "$cache/bench-venv"; "$python" -m pip install -q torch numpy nibabel scipy; }
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
"$deepseg" init "$dataset" --project "$work/p" --contrast t2s --image T2starw --mask gmseg-manual --cord seg-manual
"$deepseg" preprocess "$work/p" || true   # run-2 scans have no cord mask: listed as problems, not needed here
runs=()
for seed in $(seq 1 "$seeds"); do
  for fold in 1 2 3 4; do
    run=$work/p/runs/fold$fold-seed$seed
    "$deepseg" train "$work/p" --device cpu --network "$network" --epochs "$epochs" --batch 2 --lr 1e-3 --seed "$seed" --fold "$fold/4" --run-dir "$run"
    runs+=("$run")
  done
done
mkdir -p benches/results
"$python" -B benches/train_parity.py benches/results/train_parity.json "${runs[@]}"
