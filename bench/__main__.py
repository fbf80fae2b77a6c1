"""`make bench`: every figure that the documentation states, measured on this machine, as JSON on stdout."""

from __future__ import annotations

import json
import platform
import sys

from bench import copies, handlers, local_data_pipeline


def main() -> None:
    results = {
        "machine": {
            "python": platform.python_version(),
            "system": platform.system(),
            "cpu": platform.machine(),
        },
        "local Data Pipeline": local_data_pipeline.measure(),
        "handlers": handlers.measure(),
        "copies": copies.measure(),
    }
    json.dump(results, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
