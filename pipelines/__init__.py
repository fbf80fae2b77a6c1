"""From a definition to a running stack: what runs here, what to change, and whether it works."""

import sys
from pathlib import Path

# The handlers' own checks are the truth about what they take. Lambda has lambdas/ itself on its path.
_LAMBDAS = str(Path(__file__).parents[1] / "lambdas")
if _LAMBDAS not in sys.path:
    sys.path.append(_LAMBDAS)
