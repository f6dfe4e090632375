#!/usr/bin/env bash
# Everything a machine with an NVIDIA GPU can say about our kernels, in one call of under 8 minutes: are they right, how fast
# is PyTorch there, how fast are we? Writes gpu.json and gpu.md into $OUT (default: benches/results), again after every part,
# so that what is known stays when a later part fails or runs out of time.
#
#   benches/gpu.sh [DEEPSEG [TESTS]]
#
# DEEPSEG is the release binary, TESTS the library's test binary (the variables of the same names, DEEPSEG and DEEPSEG_TESTS,
# do as well); without them cargo builds both, which takes its own time. For a machine without cargo build them elsewhere:
#
#   cargo build --release && cargo test --release --lib --no-run      # the second names its executable
#
# Both are stripped by the release profile; gzip makes a quarter of them where they must travel.
#
# Parts: 1. the kernels' tests on the GPU; 2. PyTorch's training, contiguous and channels_last_3d, eager and compiled, f32
# (TF32 allowed) and bf16 autocast, with batches of 2, 16 and 64; 3. `deepseg speed`, our operations and burn's, f32 and bf16.
# The network is the published t2s on random 48^3 patches. PyTorch is the system's python3 where that has it (PYTHON names
# another), else a virtual environment. BUDGET: seconds for all of it (default 450). COMPILE_MODE: torch.compile's mode.
# COMMIT: what the report says where there is no repository.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
deepseg=${1:-${DEEPSEG:-}} tests=${2:-${DEEPSEG_TESTS:-}} out=${OUT:-$here/results}
if [ -z "${GPU_TRIAL:-}" ] && ! nvidia-smi -L 2>/dev/null | grep -q GPU && ! ls /dev/nvidia[0-9]* >/dev/null 2>&1; then
  echo "benches/gpu.sh: there is no NVIDIA GPU on this machine (nvidia-smi lists none), so nothing was measured." >&2
  exit 1
fi
for given in "$deepseg" "$tests"; do
  if [ -n "$given" ] && [ ! -x "$given" ]; then
    echo "benches/gpu.sh: $given is no program that can be run" >&2
    exit 2
  fi
done
[ -z "$deepseg" ] || deepseg=$(realpath -e "$deepseg")
[ -z "$tests" ] || tests=$(realpath -e "$tests")
mkdir -p "$out"
out=$(realpath -e "$out")
cd "$here/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/deepseg
if [ -z "$deepseg" ] || [ -z "$tests" ]; then
  if ! command -v cargo >/dev/null; then
    echo "benches/gpu.sh: without cargo the built programs must be given: benches/gpu.sh DEEPSEG TESTS" >&2
    exit 2
  fi
  export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
fi
if [ -z "$deepseg" ]; then
  cargo build --release
  deepseg=$CARGO_TARGET_DIR/release/deepseg
fi
if [ -z "$tests" ]; then
  tests=$(cargo test --release --lib --no-run --message-format=json |
    sed -n '/"reason":"compiler-artifact"/s/.*"executable":"\([^"]*\)".*/\1/p' | tail -1)
fi
python=${PYTHON:-python3}
if ! "$python" -c "import torch" 2>/dev/null; then
  python=$cache/bench-venv/bin/python
  [ -x "$python" ] || { python3 -m venv "$cache/bench-venv"; "$python" -m pip install -q torch numpy nibabel scipy; }
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -B -u benches/gpu.py "$deepseg" "$tests" "$work" "$out"
