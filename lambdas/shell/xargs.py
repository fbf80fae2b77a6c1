"""``xargs`` for commands: Lambda's image has none. fallbacks/xargs starts it, without the handler's packages.

It supports the options of GNU findutils that scripts use, with the same exit codes. Any other option is an
error before anything runs.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NoReturn

_MAX_BYTES = 100_000
"""Of the arguments of one command. GNU xargs takes 128 KiB including the command itself."""


class Stop(Exception):
    """Ends the program with an exit code and a message."""

    def __init__(self, exit_code: int, text: str) -> None:
        super().__init__(text)
        self.exit_code = exit_code


class Options:
    """The options in the arguments."""

    delimiter: bytes | None = None
    """None: blanks and line feeds, with quotes."""
    count: int | None = None
    replaced: str | None = None
    run_if_empty = True
    trace = False
    processes = 1
    file: str | None = None
    command: list[str]


_LONG = {
    "--null": "0",
    "--max-args": "n",
    "--replace": "I",
    "--no-run-if-empty": "r",
    "--verbose": "t",
    "--max-procs": "P",
    "--delimiter": "d",
    "--arg-file": "a",
}
_FLAGS = "0rt"
_WITH_VALUE = "nIPda"
_ESCAPES = {"\\n": b"\n", "\\t": b"\t", "\\0": b"\0", "\\\\": b"\\"}


def read_options(arguments: Sequence[str]) -> Options:
    """Parse the arguments. Raises Stop for options that it does not support."""
    options = Options()
    words = list(arguments)
    while words and words[0].startswith("-") and words[0] != "-":
        word = words.pop(0)
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if name in _LONG:
            letter = _LONG[name]
            if letter in _WITH_VALUE and not equals:
                value = "{}" if name == "--replace" else _next(words, name)
            _set(options, letter, value)
        elif word.startswith("--"):
            raise Stop(1, f"'{word}' is not known to the xargs of this function")
        else:
            _read_letters(options, word[1:], words)
    options.command = words or ["echo"]
    return options


def _read_letters(options: Options, letters: str, words: list[str]) -> None:
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in _FLAGS:
            _set(options, letter, "")
        elif letter in _WITH_VALUE:
            _set(options, letter, letters or _next(words, f"-{letter}"))
            return
        else:
            raise Stop(1, f"'-{letter}' is not known to the xargs of this function")


def _next(words: list[str], name: str) -> str:
    if not words:
        raise Stop(1, f"{name} needs a value")
    return words.pop(0)


def _set(options: Options, letter: str, value: str) -> None:
    if letter == "0":
        options.delimiter = b"\0"
    elif letter == "r":
        options.run_if_empty = False
    elif letter == "t":
        options.trace = True
    elif letter == "a":
        options.file = value
    elif letter == "d":
        if value not in _ESCAPES and len(value) != 1:
            raise Stop(1, f"'{value}' is no delimiter: one character is expected")
        options.delimiter = _ESCAPES.get(value) or value.encode("utf-8", "surrogateescape")
    elif letter == "I":
        if not value:
            raise Stop(1, "-I needs a text to replace")
        options.replaced, options.count = value, None
    elif not re.fullmatch("[0-9]+", value) or (letter == "n" and int(value) == 0):
        raise Stop(1, f"'{value}' is no number for -{letter}")
    elif letter == "n":
        options.count, options.replaced = int(value), None
    else:
        options.processes = int(value) or sys.maxsize


def items(data: BinaryIO, options: Options) -> Iterator[bytes]:
    """The items in the input. Raises Stop for an unmatched quote."""
    if options.delimiter is not None:
        rest = b""
        while chunk := data.read1(65_536) if hasattr(data, "read1") else data.read(65_536):
            *whole, rest = (rest + chunk).split(options.delimiter)
            yield from whole
        if rest:
            yield rest
        return
    for line in _joined_lines(data):
        if options.replaced is not None:
            words = _words(line.lstrip(b" \t"), blanks=b"")
        else:
            words = _words(line, blanks=b" \t")
        yield from words


def _joined_lines(data: BinaryIO) -> Iterator[bytes]:
    """The lines of the input. A backslash before a line feed joins two lines."""
    line = b""
    for part in data:
        line += part
        body = line.removesuffix(b"\n")
        if body != line and (len(body) - len(body.rstrip(b"\\"))) % 2:
            continue
        yield body
        line = b""
    if line:
        yield line


def _words(line: bytes, blanks: bytes) -> Iterator[bytes]:
    word = b""
    begun = False
    at = 0
    while at < len(line):
        character = line[at : at + 1]
        at += 1
        if character in (b"'", b'"'):
            end = line.find(character, at)
            if end < 0:
                kind = "single" if character == b"'" else "double"
                raise Stop(1, f"unmatched {kind} quote; quotes are special to xargs unless -0 is given")
            word += line[at:end]
            begun, at = True, end + 1
        elif character == b"\\" and at < len(line):
            word += line[at : at + 1]
            begun, at = True, at + 1
        elif blanks and character in blanks:
            if begun:
                yield word
            word, begun = b"", False
        else:
            word += character
            begun = True
    if begun:
        yield word


def batches(found: Iterator[bytes], options: Options) -> Iterator[list[bytes]]:
    """The commands to run, each with its arguments."""
    if options.replaced is not None:
        mark = os.fsencode(options.replaced)
        for item in found:
            yield [os.fsencode(word).replace(mark, item) for word in options.command]
        return
    command = [os.fsencode(word) for word in options.command]
    batch: list[bytes] = []
    size = 0
    any_yet = False
    for item in found:
        if len(item) + 1 > _MAX_BYTES:
            raise Stop(1, "argument line too long")
        if batch and (size + len(item) + 1 > _MAX_BYTES or len(batch) == options.count):
            yield command + batch
            batch, size = [], 0
        batch.append(item)
        size += len(item) + 1
        any_yet = True
    if batch or (options.run_if_empty and not any_yet):
        yield command + batch


class Runner:
    """Runs commands, up to ``-P`` of them at a time."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._stdin = None if options.file else subprocess.DEVNULL
        self.exit_code = 0

    def run(self, command: list[bytes]) -> None:
        """Start a command, then wait until another may start. Raises Stop (xargs(1), EXIT STATUS)."""
        name = os.fsdecode(command[0])
        if any(b"\0" in word for word in command):
            raise Stop(1, "the input has null bytes, which -0 takes as ends of items")
        if self._options.trace:
            sys.stderr.write(" ".join(map(os.fsdecode, command)) + "\n")
            sys.stderr.flush()
        try:
            process = subprocess.Popen(command, stdin=self._stdin)
        except FileNotFoundError:
            raise Stop(127, f"{name}: No such file or directory") from None
        except OSError as error:
            raise Stop(126, f"{name}: {error.strerror}") from error
        self._running.append((name, process))
        while len(self._running) >= self._options.processes:
            self.wait_for_first()

    def wait_for_first(self) -> None:
        """Wait for the command that was started first."""
        name, process = self._running.pop(0)
        code = process.wait()
        if code == 255:
            raise Stop(124, f"{name}: exited with status 255; aborting")
        if code < 0:
            raise Stop(125, f"{name}: terminated by signal {-code}")
        if code:
            self.exit_code = 123

    def wait_for_all(self) -> None:
        """Wait until no command runs."""
        while self._running:
            self.wait_for_first()


def main(arguments: Sequence[str]) -> int:
    """Run xargs. Returns the exit code."""
    runner = None
    try:
        options = read_options(arguments)
        runner = Runner(options)
        with open(options.file or 0, "rb") as data:  # noqa: PTH123 - or the file descriptor
            for command in batches(items(data, options), options):
                runner.run(command)
        runner.wait_for_all()
    except OSError as error:
        sys.stderr.write(f"xargs: {error.filename or 'input'}: {error.strerror}\n")
        return 1
    except Stop as stop:
        sys.stderr.write(f"xargs: {stop}\n")
        if runner:
            _end(runner)
        return stop.exit_code
    return runner.exit_code


def _end(runner: Runner) -> None:
    try:
        runner.wait_for_all()
    except Stop:
        _end(runner)


def _start() -> NoReturn:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    _start()
