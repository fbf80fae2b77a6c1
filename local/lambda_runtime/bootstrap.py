"""The first program in an execution environment: `bootstrap.py HANDLER IMPORT_PATH...`.

It runs in the managed runtime's interpreter and imports nothing of this project. Its import path is that of
Lambda's Python runtimes: the deployed code, then the layers, then what comes with the interpreter (Lambda
developer guide, "Runtime search path"). PYTHONPATH would do the same, but would also reach the processes that
a handler starts.
"""

import sys

if __name__ == "__main__":
    handler, *import_path = sys.argv[1:]
    sys.path[:0] = import_path
    sys.argv = ["bootstrap", handler]

    from awslambdaric.__main__ import main

    main(sys.argv)
