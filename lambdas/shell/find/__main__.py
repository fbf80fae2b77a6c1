"""``python3 -I -S lambdas/shell/find ARGUMENTS``."""

import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120

from shell.find.program import main  # noqa: E402 - from the directory above

main(sys.argv[1:])
