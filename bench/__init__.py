"""Measurements; `python -m bench` takes them all."""

import sys
from pathlib import Path

# The layout of a Lambda: its code is at the top of the path.
sys.path.insert(0, str(Path(__file__).parents[1] / "lambdas"))
