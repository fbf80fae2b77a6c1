"""A month of a worker group in virtual time, what it costs, and how long its tasks wait.

The loop's decisions are those of the deployed code (lambdas/poller/loop.py), and the service is the local
Data Pipeline's engine: neither is modelled a second time.
"""

import sys
from pathlib import Path

# The deployed code is imported as in Lambda, where lambdas/ is the root.
sys.path.append(str(Path(__file__).parents[2] / "lambdas"))
