#!/usr/bin/env bash
# How soon is there something to see? Starts the workbench in a pseudo-terminal on a project of 1000 subjects, several times, and
# takes the time to the first screen, to the list of subjects, and to the first picture of a slice; also the size of the binary.
# Prints a table, writes benches/results/start.json.
#
#   benches/start.sh [SUBJECTS] [RUNS]
#
# DEEPSEG names another binary than the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
subjects=${1:-1000} runs=${2:-9}
if [ -z "${DEEPSEG:-}" ]; then
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/deepseg
  export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
  cargo build --release
  DEEPSEG=$CARGO_TARGET_DIR/release/deepseg
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p benches/results
python3 benches/start.py "$DEEPSEG" "$work" "$subjects" "$runs" benches/results/start.json
