#!/usr/bin/env bash
# Does training converge with our kernels as with burn's own operations? Prints both loss curves over 200 steps from one seed
# and their largest difference; fails where that is above the bound. On a machine with a CUDA GPU also there.
#
#   benches/convergence.sh
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/deepseg
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
cargo test --release --lib -- --nocapture two_hundred_steps
