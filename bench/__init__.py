"""Benchmarks. `python -m bench` runs them all."""

import sys
from pathlib import Path

# As on Lambda, where the code is at the top of the path.
sys.path.insert(0, str(Path(__file__).parents[1] / "lambdas"))
