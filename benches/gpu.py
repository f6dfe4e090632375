#!/usr/bin/env python3
"""The kernels' tests, PyTorch's training and ours on one GPU; called by gpu.sh.

Usage: gpu.py DEEPSEG TESTS WORK_DIR OUT_DIR
       gpu.py --torch SETTING measure|prepare     (called by itself, one process for each of PyTorch's settings)

With GPU_TRIAL set everything runs on the processor with tiny patches, to try this script where there is no GPU.
"""
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import torch

from report import heading
from torch_unet import NETWORKS, UNet, dice_loss

TRIAL = bool(os.environ.get("GPU_TRIAL"))
NETWORK, PATCH = "t2s", 8 if TRIAL else 48
BATCHES = [1, 2, 3] if TRIAL else [2, 16, 64]
DEVICE = "cpu" if TRIAL else "cuda:0"
COMPILE_MODE = os.environ.get("COMPILE_MODE", "default")
# Seconds a patch takes when it moves its bytes at 4.3 TB/s and does nothing else: (normalisation on its own, fused).
LIMITS = {"separate": 50e-6, "fused": 30e-6}
# Steps between two looks at the clock, how often, and the seconds after which no other round begins.
STEPS, ROUNDS, ENOUGH = 20, 7, 5.0
# Seconds for each part; no part goes past the end of BUDGET.
BUDGET = float(os.environ.get("BUDGET", "450"))
SECONDS = {"tests": 150, "prepare": 60, "eager": 30, "compile": 45, "own": 80, "stock": 40}
LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last_3d": torch.channels_last_3d}
SKIPPED = "skipped: no CUDA device"


# --- PyTorch, in a process of its own ---------------------------------------------------------------------------------


def wait():
    if DEVICE != "cpu":
        torch.cuda.synchronize()


def training(layout, mode, precision, batch):
    """A function that makes one training step and gives the loss, which stays on the GPU, and one that does it as a loop
    that feeds from memory and reads every loss does."""
    torch.manual_seed(0)
    net = UNet(*NETWORKS[NETWORK]).to(DEVICE).to(memory_format=LAYOUTS[layout])
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-4, fused=True)
    images = torch.randn(batch, 1, PATCH, PATCH, PATCH)
    targets = (torch.rand(batch, 1, PATCH, PATCH, PATCH) > 0.95).float()
    if DEVICE != "cpu":
        images, targets = images.pin_memory(), targets.pin_memory()
    x, y = images.to(DEVICE).to(memory_format=LAYOUTS[layout]), targets.to(DEVICE)

    def loss_of(x, y):
        with torch.autocast(DEVICE.split(":")[0], dtype=torch.bfloat16, enabled=precision == "bf16"):
            p = net(x)
        return dice_loss(p.float(), y)

    compiled = mode == "compile"
    forward = torch.compile(loss_of, dynamic=False, mode=COMPILE_MODE) if compiled else loss_of

    def step(x=x, y=y):
        if compiled:
            torch.compiler.cudagraph_mark_step_begin()
        optimiser.zero_grad(set_to_none=True)
        loss = forward(x, y)
        loss.backward()
        optimiser.step()
        return loss.detach()

    def fed_step():
        fresh = images.to(DEVICE, non_blocking=True).to(memory_format=LAYOUTS[layout])
        return step(fresh, targets.to(DEVICE, non_blocking=True)).item()

    return step, fed_step


def seconds_per_step(step, rounds, steps):
    """One figure a round, each over `steps` steps without a pause between them; fewer rounds where they are slow."""
    found, begin = [], time.perf_counter()
    while len(found) < rounds and (len(found) < 3 or time.perf_counter() - begin < ENOUGH):
        wait()
        start = time.perf_counter()
        for _ in range(steps):
            step()
        wait()
        found.append((time.perf_counter() - start) / steps)
    return found


def torch_process(setting, task):
    """Prints a line of JSON for each size of batch as soon as it is known. To prepare is to fill the compiler's cache."""
    layout, mode, precision = setting.split("/")
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = task == "measure"
    for batch in BATCHES:
        row = {"batch": batch}
        try:
            torch.compiler.reset()
            step, fed_step = training(layout, mode, precision, batch)
            begin = time.perf_counter()
            for _ in range(2 if task == "prepare" else 5):
                step()
            wait()
            row["warm_up_s"] = time.perf_counter() - begin
            if task == "measure":
                fed_step()
                if DEVICE != "cpu":
                    torch.cuda.reset_peak_memory_stats()
                seconds = seconds_per_step(step, ROUNDS, STEPS)
                if DEVICE != "cpu":
                    row["peak_memory_bytes"] = torch.cuda.max_memory_allocated()
                fed = seconds_per_step(fed_step, STEPS, 1)
                row |= {"seconds": seconds, "fed_seconds": fed, "loss": float(step())}
                row["patches_per_second"] = batch / statistics.median(seconds)
                row["fed_patches_per_second"] = batch / statistics.median(fed)
        except Exception as error:  # out of memory, a compiler that fails: the other sizes may still work
            row["error"] = f"{type(error).__name__}: {str(error).strip()[:500]}"
        print(json.dumps(row), flush=True)
        step = fed_step = None
        if DEVICE != "cpu":
            torch.cuda.empty_cache()


# --- The parts --------------------------------------------------------------------------------------------------------


class Run:
    """A process in a group of its own, with its output in files, so that what it said stays when it is stopped."""

    def __init__(self, command, work, name, **environment):
        self.paths = [Path(work, f"{name}.{end}") for end in ("out", "err")]
        with contextlib.ExitStack() as files:
            out, err = (files.enter_context(path.open("wb")) for path in self.paths)
            self.process = subprocess.Popen(
                list(map(str, command)), stdout=out, stderr=err, stdin=subprocess.DEVNULL, process_group=0,
                env={**os.environ, **environment},
            )
        self.begin = time.monotonic()

    def end(self, seconds):
        """Waits; then (problem or None, stdout, seconds it took)."""
        try:
            code = self.process.wait(max(seconds, 0.1))
            problem = None if code == 0 else f"ended with {code}: {self.errors()}"
        except subprocess.TimeoutExpired:
            # Only this process and what it started.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            problem = f"stopped after {time.monotonic() - self.begin:.0f} s"
        return problem, self.paths[0].read_text(errors="replace"), time.monotonic() - self.begin

    def errors(self):
        return self.paths[1].read_text(errors="replace").strip()[-1500:]


class Clock:
    """How long a part may take."""

    def __init__(self):
        self.last = time.monotonic() + BUDGET

    def left(self, part):
        return min(SECONDS[part], self.last - time.monotonic())


def tests_result(problem, output, seconds):
    """What the kernels' tests said. Only tests that did not skip the GPU count as run there."""
    final = re.search(r"test result: \w+\. (\d+) passed; (\d+) failed", output)
    if final:
        passed, failed = map(int, final.groups())
    else:
        # Stopped before the end: what a test prints can stand between its name and its "ok".
        passed = len(re.findall(r"^(?:test \S+ \.\.\. )?ok$", output, re.M))
        failed = len(re.findall(r"^(?:test \S+ \.\.\. )?FAILED$", output, re.M))
    names = sorted(set(re.findall(r"^    (kernels::\S+)$", output.partition("\nfailures:\n")[2], re.M)))
    skipped = output.count(SKIPPED)
    result = {
        "passed": passed, "failed": failed, "finished": bool(final), "skipped_without_gpu": skipped,
        "ran_on_gpu": passed > 0 and skipped == 0, "failed_names": names, "seconds": seconds,
    }
    if problem or not passed:
        result |= {"problem": (problem or "no test has kernels::cube in its name")[:1500], "output_end": output[-6000:]}
    return result


def tests_sentence(result):
    if result is None:
        return "kernel tests: not run"
    end = "" if result["finished"] else ", did not finish"
    where = "on the GPU" if result["ran_on_gpu"] else f"NOT on the GPU ({result['skipped_without_gpu']} skipped it)"
    failures = f" ({', '.join(result['failed_names'])})" if result["failed_names"] else ""
    return f"kernel tests {where}: {result['passed']} passed, {result['failed']} failed{failures}{end}"


def objects(output):
    """The JSON objects of the lines that hold one; the last line of a process that was stopped may be cut off."""
    found = []
    for line in output.splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return [each for each in found if isinstance(each, dict)]


def peer_rows(setting, problem, output):
    """Rows of one of PyTorch's settings: one for each size of batch, with numbers or with what went wrong."""
    found = {row["batch"]: row for row in objects(output) if "batch" in row}
    blank = {"error": problem or "no answer"}
    return [{"side": "PyTorch", "setting": setting, **found.get(batch, {"batch": batch, **blank})} for batch in BATCHES]


def our_rows(setting, batches, problem, output):
    """Rows of one of our settings from `deepseg speed --json`, and its predictions."""
    rows, predictions, answer = [], [], {"rows": []}
    if problem is None:
        try:
            answer = json.loads(output)
        except ValueError:
            problem = f"answered no JSON: {output[:300]}"
    for row in answer["rows"]:
        row = {"side": "deepseg", "setting": setting, "device": answer["device"], **row}
        (rows if row.pop("what") == "training" else predictions).append(row)
    known = {row["batch"] for row in rows}
    missing = [batch for batch in batches if batch not in known]
    rows += [{"side": "deepseg", "setting": setting, "batch": batch, "error": problem or "no answer"} for batch in missing]
    return rows, predictions


def ours(program, work, clock, operations, precision):
    """All sizes of batch in one process; when that fails, each on its own, so that one too large takes no other along."""
    setting = f"{operations}/{precision}"

    def ask(batches):
        command = [program, "speed", "--network", NETWORK, "--patch", PATCH, "--device", DEVICE, "--precision", precision]
        command += ["--batch", ",".join(map(str, batches)), "--runs", STEPS, "--json"]
        command += ["--stock"] if operations == "stock" else []
        problem, output, _ = Run(command, work, "ours").end(clock.left(operations))
        return our_rows(setting, batches, problem, output)

    rows, predictions = ask(BATCHES)
    if not predictions and not any("stopped after" in row["error"] for row in rows):
        alone = [ask([batch]) for batch in BATCHES]
        rows = [row for found, _ in alone for row in found]
        predictions = [row for _, found in alone for row in found]
    return rows, predictions


# --- The report -------------------------------------------------------------------------------------------------------


def with_ratios(rows):
    """Adds to each row its ratio to PyTorch's fastest setting with that batch, and its share of what memory allows.

    The second ratio is against PyTorch in a loop like that of `deepseg speed`, which feeds each step from memory and waits for
    its loss; the first, stricter one is against PyTorch's steps without a pause, on data that is there already.
    """
    best = {}
    for row in rows:
        for key in ("patches_per_second", "fed_patches_per_second"):
            if row["side"] == "PyTorch" and key in row:
                best[row["batch"], key] = max(best.get((row["batch"], key), 0), row[key])
    for row in rows:
        rate, batch = row.get("patches_per_second"), row["batch"]
        if rate is None:
            continue
        fed = row.get("fed_patches_per_second", rate if row["side"] == "deepseg" else None)
        strict, like = best.get((batch, "patches_per_second")), best.get((batch, "fed_patches_per_second"))
        row["ratio"] = rate / strict if strict else None
        row["ratio_fed"] = fed / like if like and fed else None
        row["share_of_limit"] = {name: rate * seconds for name, seconds in LIMITS.items()}
    return rows


def number(value, form):
    """With the unit that may follow the format."""
    form, _, unit = form.partition(" ")
    return "–" if value is None else f"{value:{form}} {unit}".strip()


def markdown(report):
    head, rows = report, with_ratios(report["rows"])
    lines = [
        f"# GPU: {head['gpu']['name']}", "",
        f"{head['date']}, commit {head['commit']}, PyTorch {head['versions']['torch']} (CUDA {head['versions']['cuda']}), "
        f"driver {head['gpu']['driver']}. Network {NETWORK}, {PATCH}^3 patches, training.", "",
        f"{tests_sentence(report['tests'])[0].upper()}{tests_sentence(report['tests'])[1:]}.", "",
        "| batch | setting | patches/s | to PyTorch's best | fed: patches/s | to its best | peak memory | of 50 µs | of 30 µs |",
        "|--:|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in sorted(rows, key=lambda row: (row["batch"], row["side"] != "PyTorch")):
        setting = f"{row['side']} {row['setting'].replace('/', ', ')}"
        if "patches_per_second" not in row:
            cause = " ".join(row["error"].split()).replace("|", "/")[:100]
            lines.append(f"| {row['batch']} | {setting} | {cause} | – | – | – | – | – | – |")
            continue
        memory, share = row.get("peak_memory_bytes"), row["share_of_limit"]
        fed = row.get("fed_patches_per_second")
        fed = row["patches_per_second"] if row["side"] == "deepseg" else fed
        lines.append(
            f"| {row['batch']} | {setting} | {row['patches_per_second']:.0f} | {number(row['ratio'], '.2f')} | "
            f"{number(fed, '.0f')} | {number(row['ratio_fed'], '.2f')} | "
            f"{number(memory and memory / 1e9, '.2f GB')} | {share['separate']:.1%} | {share['fused']:.1%} |"
        )
    lines += [
        "", "PyTorch: 20 steps without a pause on data that is on the GPU, median of 7; \"fed\": each step's patches copied from "
        "memory and its loss read, as every step of `deepseg speed` does, whose figure therefore stands in both columns. Shares "
        "are of what memory alone allows at 4.3 TB/s: 50 µs a patch with normalisation on its own, 30 µs fused. Peak memory is "
        "what PyTorch allocated; for deepseg what was in use on the whole device.",
    ]
    if report["notes"]:
        lines += ["", *(f"* {note}" for note in report["notes"])]
    return "\n".join(lines) + "\n"


class Report:
    """The report so far, written again after each part."""

    def __init__(self, out, head):
        self.out, self.begin = Path(out), time.monotonic()
        self.found = {**head, "tests": None, "rows": [], "predictions": [], "notes": []}

    def write(self):
        self.found["seconds"] = time.monotonic() - self.begin
        text = markdown(self.found)
        for name, content in (("gpu.json", json.dumps(self.found, indent=1) + "\n"), ("gpu.md", text)):
            # Under another name first: whoever reads while it is written gets the last whole one.
            part = self.out / f"{name}.part"
            part.write_text(content)
            part.replace(self.out / name)

    def say(self, text):
        print(f"{time.monotonic() - self.begin:5.0f} s  {text}", flush=True)

    def add(self, rows, predictions=()):
        self.found["rows"] += rows
        self.found["predictions"] += predictions
        self.write()
        for row in rows:
            rate = row.get("patches_per_second")
            told = f"{rate:9.0f} patches/s" if rate else row.get("error", "")[:300]
            self.say(f"{row['side']:<8}{row['setting']:<33}batch {row['batch']:<3}{told}")


def gpu():
    if TRIAL:
        return {"name": "none, a trial on the processor", "driver": "none"}
    asked = ["nvidia-smi", "--query-gpu=driver_version,clocks.max.sm,clocks.max.mem", "--format=csv,noheader", "-i", "0"]
    try:
        driver, *clocks = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=20).stdout.strip().split(", ")
    except (OSError, subprocess.SubprocessError, ValueError):
        driver, clocks = "unknown", []
    about = torch.cuda.get_device_properties(0)
    return {"name": about.name, "memory_bytes": about.total_memory, "driver": driver, "largest_clocks": clocks}


def main():
    if sys.argv[1] == "--torch":
        return torch_process(*sys.argv[2:])
    deepseg, tests, work, out = sys.argv[1:]
    if not TRIAL and not torch.cuda.is_available():
        sys.exit(f"benches/gpu.sh: PyTorch {torch.__version__} finds no NVIDIA GPU here, so nothing was measured.")
    clock = Clock()
    problem, version, _ = Run([deepseg, "--version"], work, "version").end(30)
    if problem:
        sys.exit(f"benches/gpu.sh: {deepseg} does not run here: {problem}")
    report = Report(out, {
        "what": f"{NETWORK}, {PATCH}^3 patches, training on one GPU", **heading(torch=torch.__version__, cuda=torch.version.cuda),
        "gpu": gpu(), "deepseg": version.strip(), "compile_mode": COMPILE_MODE, "trial": TRIAL,
    })
    report.write()
    cache = {
        "TORCHINDUCTOR_CACHE_DIR": f"{work}/inductor", "TRITON_CACHE_DIR": f"{work}/triton",
        "TORCHINDUCTOR_COMPILE_THREADS": "4",
    }

    def peer(setting, task):
        name = f"{task}-{setting.replace('/', '-')}"
        return Run([sys.executable, "-B", "-u", __file__, "--torch", setting, task], work, name, **cache)

    eager, compiled = ([f"{a}/{mode}/{b}" for a, b in product(LAYOUTS, ("f32", "bf16"))] for mode in ("eager", "compile"))
    # PyTorch compiles on the other cores while the tests run, into a cache; nothing is timed meanwhile.
    preparing = [peer(setting, "prepare") for setting in compiled]
    testing = Run([tests, "kernels::cube", "--test-threads=1", "--nocapture"], work, "tests")
    report.found["tests"] = tests_result(*testing.end(clock.left("tests")))
    report.write()
    report.say(tests_sentence(report.found["tests"]))
    last = time.monotonic() + clock.left("prepare")
    for setting, process in zip(compiled, preparing):
        problem, _, _ = process.end(last - time.monotonic())
        if problem:
            report.found["notes"].append(f"compiling {setting} ahead: {' '.join(problem.split())[:300]}")
    report.say("PyTorch has compiled")

    def part(kind, work_of, blank):
        """Adds what a part finds, or what kept it from finding anything."""
        if clock.left(kind) < 5:
            return report.add(blank("no time was left"))
        try:
            found = work_of()
        except Exception as error:  # a later part may still work
            found = (blank(f"{type(error).__name__}: {error}"),)
        report.add(*found)

    def measure(kind, settings):
        for setting in settings:
            def work_of(setting=setting):
                problem, output, _ = peer(setting, "measure").end(clock.left(kind))
                return (peer_rows(setting, problem, output),)

            part(kind, work_of, lambda problem, setting=setting: peer_rows(setting, problem, ""))

    def measure_ours(operations):
        for precision in ("f32", "bf16"):
            part(
                operations,
                lambda precision=precision: ours(deepseg, work, clock, operations, precision),
                lambda problem, setting=f"{operations}/{precision}": our_rows(setting, BATCHES, problem, "")[0],
            )

    # What matters most first: should time run out, burn's own operations are missed least.
    measure_ours("own")
    measure("eager", eager)
    measure("compile", compiled)
    measure_ours("stock")
    report.write()
    print("\n" + markdown(report.found))
    result = report.found["tests"]
    wrong = result["failed"] or not result["finished"] or not (result["ran_on_gpu"] or TRIAL)
    unmeasured = [row for row in report.found["rows"] if row["setting"].startswith("own/") and "error" in row]
    if wrong:
        sys.exit("the kernels' tests did not all pass on the GPU")
    if unmeasured:
        sys.exit("not everything of ours could be measured")


if __name__ == "__main__":
    main()
