"""The program ``hadoop-streaming`` of local EMR: a mapper and a reducer as commands, on one machine.

Hadoop documentation, "Hadoop Streaming". It knows -files, -input, -output, -mapper and -reducer. Of
the reducers in Java, it has ``aggregate`` with LongValueSum, and ``NONE``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from local.emr import s3_files


def main() -> int:
    """Run the job. Returns the exit code."""
    try:
        _run(_options(sys.argv[1:]))
    except (ValueError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"Streaming Command Failed! {error}\n")
        return 1
    return 0


def _options(words: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rest = list(words)
    while rest:
        option = rest.pop(0)
        if option not in {"-D", "-files", "-input", "-output", "-mapper", "-reducer"} or not rest:
            raise ValueError(f"{option}: not there on local EMR")
        found.setdefault(option, []).append(rest.pop(0))
    missing = [option for option in ("-input", "-output", "-mapper") if option not in found]
    if missing:
        raise ValueError(f"Missing required options: {', '.join(missing)}")
    return found


def _run(options: dict[str, list[str]]) -> None:
    s3 = s3_files.client()
    for uri in ",".join(options.get("-files", [])).split(","):
        if uri:
            bucket, key = s3_files.place(uri)
            file = Path(key).name
            s3.download_file(bucket, key, file)
            Path(file).chmod(0o755)
    given = [line for uri in options["-input"] for line in s3_files.lines(s3, uri)]
    mapped = sorted(_piped(options["-mapper"][0], given))
    reducer = options.get("-reducer", ["NONE"])[0]
    if reducer == "aggregate":
        reduced = _aggregated(mapped)
    else:
        reduced = mapped if reducer == "NONE" else _piped(reducer, mapped)
    s3_files.write(s3, options["-output"][0], "".join(f"{line}\n" for line in reduced))


def _piped(command: str, given: Sequence[str]) -> list[str]:
    done = subprocess.run(  # noqa: S602 - Hadoop has a shell split it, too
        command,
        shell=True,
        input="".join(f"{line}\n" for line in given),
        env=os.environ | {"PATH": f".{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def _aggregated(mapped: Sequence[str]) -> list[str]:
    sums: Counter[str] = Counter()
    for line in mapped:
        kind, _, rest = line.partition(":")
        key, _, value = rest.partition("\t")
        if kind != "LongValueSum":
            raise ValueError(f"aggregate knows LongValueSum on local EMR, not {kind}")
        sums[key] += int(value)
    return [f"{key}\t{value}" for key, value in sorted(sums.items())]


if __name__ == "__main__":
    sys.exit(main())
