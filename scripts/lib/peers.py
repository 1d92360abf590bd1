"""What the comparisons with PyTorch have in common: which Python has it, and what the figures belong to."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def python_with_torch(script):
    """This Python or Debian's, whichever has torch; None, having said so, where neither has."""
    for python in (sys.executable, "/usr/bin/python3"):
        if Path(python).exists() and subprocess.run([python, "-c", "import torch"], stderr=subprocess.DEVNULL).returncode == 0:
            return python
    print(f"{script}: skipped: Python has no torch (Debian: apt install python3-torch)", file=sys.stderr)
    return None


def processor():
    names = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{names[0]}, {len(os.sched_getaffinity(0))} cores" if names else "unknown processor"


def commit():
    answer = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return answer.stdout.strip() or "unknown"
