"""What every comparison in this folder says about when, from what and where it ran."""
import datetime
import os
import platform
import subprocess
from pathlib import Path


def processor():
    """The processor's name, as Linux gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def commit():
    """Of the working tree, with -dirty where it differs; COMMIT names it where there is no repository."""
    done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=Path(__file__).parent)
    return done.stdout.strip() or os.environ.get("COMMIT", "unknown")


def heading(**versions):
    """Date, commit, machine and versions, for the head of a report; to be asked for before the work, because of the load."""
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "machine": {"processor": processor(), "cores": os.cpu_count(), "load_before": os.getloadavg()[0]},
        "versions": {"python": platform.python_version(), **versions},
    }
