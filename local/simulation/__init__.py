"""Simulates a month of a worker group in virtual time: what it costs, and how long its tasks wait.

The loop's steps are the deployed code (lambdas/poller/round.py), and the service is the engine of the local
Data Pipeline. Neither is modelled a second time.
"""

import sys
from pathlib import Path

# The deployed code is imported as in Lambda, where lambdas/ is the root.
sys.path.insert(0, str(Path(__file__).parents[2] / "lambdas"))
