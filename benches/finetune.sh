#!/usr/bin/env bash
# Is starting from published weights better than starting from nothing, when there are few subjects? Prints a table and writes
# benches/results/finetune.md.
#
#   benches/finetune.sh MODEL [EPOCHS] [SEEDS] [SUBJECTS]
#
# MODEL is a network to start from, e.g. SCT's t2s_lesion.h5. On the T2-weighted scans of the synthetic cohort half of the
# subjects tests, the same with every seed; of the others two thirds train and one validates. Both sides take the same network,
# epochs, patches, loss, schedule and augmentation; fine-tuning is the preset `fine-tune`, from scratch has a rate that suits it.
# DEEPSEG names a program to use instead of building one; FINETUNE_WORK a folder to keep; FINETUNE_TRAIN more options for both.
set -euo pipefail
model=$(realpath "${1:?the model to start from, e.g. t2s_lesion.h5}")
[ -z "${DEEPSEG:-}" ] || DEEPSEG=$(realpath "$DEEPSEG")
cd "$(dirname "$0")/.."
epochs=${2:-12} seeds=${3:-3} subjects=${4:-12}
if [ -z "${DEEPSEG:-}" ]; then
  export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/deepseg/target}
  cargo build --release
  DEEPSEG=$CARGO_TARGET_DIR/release/deepseg
fi
work=${FINETUNE_WORK:-}
[ -n "$work" ] || { work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; }
mkdir -p "$work" benches/results
read -ra more <<<"${FINETUNE_TRAIN:-}"

project=$work/project
[ -d "$work/demo/project" ] ||
  "$DEEPSEG" demo --dir "$work/demo" --subjects "$subjects" --epochs 1 --device cpu --headless >"$work/demo.log" 2>&1
[ -d "$project" ] || "$DEEPSEG" init "$work/demo/dataset" --project "$project" --contrast t2 --image T2w --mask lesion-manual --cord seg-manual >&2
both=(--device cpu "${more[@]}")
tuned=(--init "$model" --preset fine-tune --epochs "$epochs" --batch 2)
tuned+=(--set split.train=0.34 --set split.val=0.16 --set split.test=0.5)
# The same network, split and settings; only the start and the rates differ.
scratch=(--set init= --lr 1e-3 --set fine_tune.encoder_rate=1 --set intensities.landmarks=preset --set intensities.zscore=measured)
for seed in $(seq 1 "$seeds"); do
  for kind in tuned scratch; do
    run=$work/$kind-$seed
    if [ "$kind" = tuned ]; then how=("${tuned[@]}" --seed "$seed"); else how=(--like "$work/tuned-$seed" "${scratch[@]}"); fi
    "$DEEPSEG" train "$project" "${how[@]}" "${both[@]}" --run-dir "$run" >&2
    "$DEEPSEG" evaluate "$project" --run "$run" --split test --device cpu --json >/dev/null
  done
done

python3 - "$work" "$seeds" "$epochs" "$(basename "$model")" <<'PYTHON' | tee benches/results/finetune.md
import json, pathlib, statistics, sys, tomllib
work, seeds, epochs, model = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]

def row(kind, seed):
    run = work / f"{kind}-{seed}"
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    dices = [e["val_dice"] for e in events if e["kind"] == "epoch" and e.get("val_dice") is not None]
    summary = json.loads((run / "evaluation/test/summary.json").read_text())
    measures = {m["measure"]: m.get("median") for m in summary["measures"]}
    return max(dices, default=None), measures.get("dice"), measures.get("hausdorff95_mm")

def cell(value):
    return "–" if value is None else f"{value:.3f}"

data = tomllib.load(open(work / "tuned-1/config.toml", "rb"))["data"]
count = lambda side: len({entry["subject"] for entry in data if entry["split"] == side})
print(f"Fine-tuning from {model} against training from scratch: {epochs} epochs, {count('train')} training, {count('val')} "
      f"validation and {count('test')} test subjects of the synthetic cohort (T2w), CPU.\n")
print("| seed | start | best validation Dice | median test Dice | median test Hausdorff 95, mm |")
print("|---|---|---|---|---|")
rows = {kind: [row(kind, seed) for seed in range(1, seeds + 1)] for kind in ("tuned", "scratch")}
for seed in range(seeds):
    for kind, name in (("tuned", model), ("scratch", "scratch")):
        print(f"| {seed + 1} | {name} | " + " | ".join(map(cell, rows[kind][seed])) + " |")
for kind, name in (("tuned", model), ("scratch", "scratch")):
    columns = [[v for v in column if v is not None] for column in zip(*rows[kind])]
    print(f"| mean | {name} | " + " | ".join(cell(statistics.mean(c)) if c else "–" for c in columns) + " |")
wins = sum(a[1] > b[1] for a, b in zip(rows["tuned"], rows["scratch"]) if a[1] is not None and b[1] is not None)
print(f"\nFine-tuning has the higher median test Dice with {wins} of {seeds} seeds.")
PYTHON
