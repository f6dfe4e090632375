#!/usr/bin/env bash
# Does augmentation hold training back? Prints a table and writes benches/results/feed.json.
#
#   benches/feed.sh [PROJECT] [NETWORKS] [DEVICE] [RUNS]
#
# Each network trains on the project's crops (without one: on a demo cohort made for it) with patches as they are and with
# every random change (`--augment strong`), in turns. Counted are patches a second and the share of the time in which the
# device had patches to work on, in the second epoch of each run; the result is the median ratio of the pairs. The processor
# seconds of whole runs are given too: where the processor trains, they say what augmentation costs also on a busy machine.
# DEEPSEG names another binary than the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
networks=${2:-small,t2s} device=${3:-auto} runs=${4:-7}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
if [ -z "${DEEPSEG:-}" ]; then
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/deepseg
  export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
  cargo build --release
  DEEPSEG=$CARGO_TARGET_DIR/release/deepseg
fi
project=${1:-}
if [ -z "$project" ]; then
  "$DEEPSEG" demo --dir "$work/demo" --subjects 6 --epochs 1 --device "$device" --headless >&2
  project=$work/demo/project
fi
mkdir -p benches/results
python3 benches/feed.py "$DEEPSEG" "$project" "$networks" "$device" "$runs" "$work" benches/results/feed.json
