"""Which files a program reads and makes, by the words of its call (the programs' manuals)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pipelines.commands.words import Word, text_word


@dataclass
class Operands:
    """Words that are paths. What is not certain is left out."""

    reads: list[Word] = field(default_factory=list)
    """Files and directories that have to be there."""
    makes: list[Word] = field(default_factory=list)
    directories: list[Word] = field(default_factory=list)
    """Directories that it makes."""
    parents: bool = False
    """Whether it makes the directories above, too."""
    into: list[Word] = field(default_factory=list)
    """Directories in which it puts files whose names are not in the words."""
    fills: bool = False
    """Whether it puts such files into the directory in which it runs."""
    anywhere: bool = False
    """Whether it may make files of any name anywhere."""
    gone: list[Word] = field(default_factory=list)
    files: list[Word] = field(default_factory=list)
    """What must not be directories."""
    least: int = 0
    """How many words it takes."""
    executable: list[Word] = field(default_factory=list)
    targets: list[Word] = field(default_factory=list)
    """What links lead to."""


@dataclass
class Split:
    """The words of a call by the usual rules (POSIX, Utility Syntax Guidelines; GNU long options)."""

    options: dict[str, list[Word]] = field(default_factory=dict)
    """By name, with dashes: their values, none for a flag."""
    operands: list[Word] = field(default_factory=list)

    def values(self, *names: str) -> list[Word]:
        """The values of options."""
        return [value for name in names for value in self.options.get(name, [])]

    def has(self, *names: str) -> bool:
        """Whether one of the options is there."""
        return any(name in self.options for name in names)


def split(words: Sequence[Word], short: str = "", long: str = "") -> Split:
    """``short``: the letters, and ``long``: the names, of options that take a value."""
    found = Split()
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        text = word.literal if word.literal is not None else word.prefix
        if text == "--":
            found.operands += waiting
            break
        if text.startswith("--"):
            name, equals, value = text.partition("=")
            values = found.options.setdefault(name, [])
            if equals:
                values.append(text_word(value) if word.literal is not None else word)
            elif name[2:] in long.split() and waiting:
                values.append(waiting.pop(0))
        elif text.startswith("-") and len(text) > 1:
            _letters(found, text, waiting, short)
        elif word.literal != "-":
            found.operands.append(word)
    return found


def _letters(found: Split, text: str, waiting: list[Word], short: str) -> None:
    for at, letter in enumerate(text[1:], 2):
        values = found.options.setdefault(f"-{letter}", [])
        if letter in short:
            if text[at:]:
                values.append(text_word(text[at:]))
            elif waiting:
                values.append(waiting.pop(0))
            return


_READERS: Mapping[str, tuple[str, str]] = {
    "base64": ("w", "wrap"),
    "cat": ("", ""),
    "cksum": ("", ""),
    "cmp": ("in", ""),
    "comm": ("", ""),
    "cut": ("bcdf", "bytes characters delimiter fields"),
    "diff": ("UCLxXI", "label exclude"),
    "dir": ("ITw", ""),
    "du": ("dBtX", "max-depth exclude"),
    "expand": ("t", ""),
    "file": ("fFmP", ""),
    "fmt": ("wpg", ""),
    "fold": ("w", "width"),
    "head": ("nc", "lines bytes"),
    "iconv": ("fto", "from-code to-code output"),
    "join": ("aeijotv12", ""),
    "less": ("", ""),
    "ls": ("ITw", "hide ignore"),
    "md5sum": ("", ""),
    "nl": ("bdfhilnsvw", ""),
    "od": ("AjNStw", ""),
    "paste": ("d", "delimiters"),
    "pr": ("DehilNoSw", ""),
    "sha1sum": ("", ""),
    "sha256sum": ("", ""),
    "sha512sum": ("", ""),
    "shuf": ("inore", "input-range head-count output random-source"),
    "sort": ("kotSTC", "key output field-separator buffer-size temporary-directory"),
    "stat": ("cf", "format printf"),
    "sum": ("", ""),
    "tac": ("s", ""),
    "tail": ("ncs", "lines bytes pid"),
    "uniq": ("fsw", ""),
    "vdir": ("ITw", ""),
    "wc": ("", "files0-from"),
    "xmllint": ("", "xpath output schema encode"),
    "zcat": ("", ""),
}
_NONE_NAMES = """
    . : [ alias arch awk basename bg bind break builtin caller cd command complete continue coreutils
    declare dirname dirs disown echo enable env eval exec exit export expr factor false fg
    getconf getent getopts groups hash hostid hostname help history id jobs kill let local locale
    logname mktemp nice nohup nproc numfmt pathchk pinky popd printenv printf pwd read
    readonly return rpm seq set shift shopt sleep source stty sync test timeout times tr trap
    true tty type typeset ulimit umask unalias uname unset users wait which who whoami yes stdbuf
    chroot ldd tzselect bash sh aws pip pip3 lsof ps free df sudo
"""
_NONE = frozenset(_NONE_NAMES.split())
"""Programs that read no file which their words name, or that are looked at elsewhere."""
_TEXT = re.compile(r"/[A-Za-z0-9_.][^\s{}\\()*?\[\]|;'\"<>,^$]*")
_IN_OPTION = re.compile(r"-{1,2}[A-Za-z][\w.-]*=(/.*)")
_INTERPRETERS = {"Rscript", "node", "perl", "php", "ruby"}


def operands(name: str, words: Sequence[Word]) -> Operands:
    """The files of a call of ``name``, a program without its path."""
    if name in _NONE and name != "awk":
        return Operands()
    if name in _READERS:
        short, long = _READERS[name]
        found = split(words, short, long)
        out = found.values("-o", "--output") if name in {"iconv", "shuf", "sort"} else []
        if name == "uniq":
            return Operands(reads=found.operands[:1], makes=found.operands[1:2])
        return Operands(reads=[] if found.has("-e", "-i") and name == "shuf" else found.operands, makes=out)
    return _RULES.get(name, _unknown)(words)


def _unknown(words: Sequence[Word]) -> Operands:
    """Of a program without a rule: its absolute paths, but for those in /tmp, which it may make itself."""
    reads = []
    for word in words:
        text = word.literal or ""
        option = _IN_OPTION.fullmatch(text)
        path = option[1] if option else text
        if _TEXT.fullmatch(path) and not path.startswith("/tmp/"):  # noqa: S108 - as written in the command
            reads.append(text_word(path))
    return Operands(reads=reads, anywhere=True)


def _interpreter(words: Sequence[Word]) -> Operands:
    found = _unknown(words)
    parts = split(words, "eEIMmr")
    if not parts.has("-e", "-E", "-r") and parts.operands:
        found.reads = [parts.operands[0], *(word for word in found.reads if word != parts.operands[0])]
    return found


def _java(words: Sequence[Word]) -> Operands:
    found = _unknown(words)
    for option, value in pairwise(words):
        if option.literal == "-jar":
            found.reads = [value, *(word for word in found.reads if word != value)]
    return found


def _psql(words: Sequence[Word]) -> Operands:
    found = _unknown(words)
    parts = split(words, "hpUdcfoFPRTvLA", "file command host port username dbname output")
    return Operands(reads=[*parts.values("-f", "--file"), *found.reads], anywhere=True)


def _grep(words: Sequence[Word]) -> Operands:
    found = split(words, "ABCmefdD", "regexp file max-count after-context before-context context")
    given = found.has("-e", "-f", "--regexp", "--file")
    return Operands(reads=[*found.values("-f", "--file"), *found.operands[0 if given else 1 :]])


def _sed(words: Sequence[Word]) -> Operands:
    found = split([word for word in words if not word.prefix.startswith("-i")], "efl", "expression file")
    given = found.has("-e", "-f", "--expression", "--file")
    return Operands(reads=[*found.values("-f", "--file"), *found.operands[0 if given else 1 :]])


def _awk(words: Sequence[Word]) -> Operands:
    found = split(words, "FvfeiE", "field-separator assign file source")
    given = found.has("-f", "-e", "--file", "--source", "-E")
    files = [word for word in found.operands[0 if given else 1 :] if "=" not in word.shown]
    return Operands(reads=[*found.values("-f", "--file"), *files], anywhere=True)  # print > "file"


def _copy(words: Sequence[Word]) -> Operands:
    found = split(words, "tSmog", "target-directory suffix mode owner group")
    if into := found.values("-t", "--target-directory"):
        return Operands(reads=[*found.operands, *into], into=into)
    if found.has("-d", "--directory"):
        return Operands(directories=found.operands, parents=True)
    if len(found.operands) < 2:
        return Operands(reads=found.operands, least=len(words) + 1)
    return Operands(reads=found.operands[:-1], makes=found.operands[-1:], least=2)


def _copy_files(words: Sequence[Word]) -> Operands:
    copied = _copy(words)
    if not split(words, "tS", "target-directory suffix").has("-r", "-R", "-a", "--recursive", "--archive"):
        copied.files = [word for word in copied.reads if word not in copied.into]
    return copied


def _move(words: Sequence[Word]) -> Operands:
    moved = _copy(words)
    moved.gone = list(moved.reads)
    return moved


def _link(words: Sequence[Word]) -> Operands:
    found = split(words, "tS")
    # The target of a symbolic link need not be there.
    targets = found.operands[:-1]
    reads = [] if found.has("-s", "--symbolic") else targets
    makes = found.operands[-1:] if len(found.operands) > 1 else []
    return Operands(reads=reads, makes=makes, targets=targets, fills=not makes)


def _remove(words: Sequence[Word]) -> Operands:
    found = split(words)
    forced = found.has("-f", "--force")
    files = [] if found.has("-r", "-R", "-d", "--recursive", "--dir") else found.operands
    reads = [] if forced else found.operands
    return Operands(reads=reads, gone=found.operands, files=files, least=0 if forced else 1)


def _remove_directory(words: Sequence[Word]) -> Operands:
    found = split(words)
    return Operands(reads=found.operands, gone=found.operands, least=1)


def _mkdir(words: Sequence[Word]) -> Operands:
    found = split(words, "mZ", "mode")
    return Operands(directories=found.operands, parents=found.has("-p", "--parents"), least=1)


def _touch(words: Sequence[Word]) -> Operands:
    found = split(words, "drt", "date reference")
    return Operands(makes=[] if found.has("-c") else found.operands, reads=found.values("-r", "--reference"))


def _tee(words: Sequence[Word]) -> Operands:
    return Operands(makes=split(words).operands)


def _truncate(words: Sequence[Word]) -> Operands:
    return Operands(makes=split(words, "sr", "size reference").operands)


def _chmod(words: Sequence[Word]) -> Operands:
    flags = {"-R", "-v", "-f", "-c"}
    rest = [word for word in words if word.literal not in flags and not word.prefix.startswith("--")]
    mode = rest[0].literal or "" if rest else ""
    runs = bool(re.search(r"[1357]\d?\d?$|\+[rwX]*x|\+X|=[rw]*x", mode))
    return Operands(reads=rest[1:], executable=rest[1:] if runs else [])


def _chown(words: Sequence[Word]) -> Operands:
    return Operands(reads=split(words, "", "reference from").operands[1:])


def _dd(words: Sequence[Word]) -> Operands:
    named = [(word.literal or "").partition("=") for word in words]
    return Operands(
        reads=[text_word(value) for name, _, value in named if name == "if"],
        makes=[text_word(value) for name, _, value in named if name == "of"],
    )


def _split_program(words: Sequence[Word]) -> Operands:
    return Operands(
        reads=split(words, "abClntfk", "lines bytes suffix-length prefix").operands[:1], fills=True
    )


def _find(words: Sequence[Word]) -> Operands:
    starts = []
    for word in words:
        if word.prefix[:1] in {"-", "(", "!"} and word.literal not in {"-H", "-L", "-P"}:
            break
        if not word.prefix.startswith("-"):
            starts.append(word)
    acts = {word.literal for word in words} & {"-exec", "-execdir", "-fprint", "-ok"}
    return Operands(reads=starts, anywhere=bool(acts))


def _tar(words: Sequence[Word]) -> Operands:
    first = (words[0].literal or "") if words else ""
    given = [text_word(f"-{first}"), *words[1:]] if first and not first.startswith("-") else list(words)
    found = split(given, "fCbTX", "file directory exclude files-from exclude-from")
    archive, into = found.values("-f", "--file"), found.values("-C", "--directory")
    if found.has("-x", "--extract", "--get"):
        return Operands(reads=[*archive, *into], into=into, fills=not into)
    if found.has("-c", "--create"):
        return Operands(makes=archive, reads=into or found.operands)
    return Operands(reads=archive)


def _unzip(words: Sequence[Word]) -> Operands:
    found = split(words, "dxP")
    into = found.values("-d")
    return Operands(reads=found.operands[:1], directories=into, into=into, fills=not into)


def _compress(words: Sequence[Word]) -> Operands:
    return Operands(reads=split(words, "S").operands, fills=True)


def _zip(words: Sequence[Word]) -> Operands:
    found = split(words, "xiPbt")
    return Operands(makes=found.operands[:1], reads=found.operands[1:])


def _curl(words: Sequence[Word]) -> Operands:
    found = split(words, "AbcCdDeEFhHKmoPQrTuUwxXyYz", _CURL)
    data = [word.literal or "" for word in found.values("-d", "-F", "--data", "--data-binary", "--form")]
    posted = [text.rpartition("@")[2] for text in data if re.match(r"(\w+=)?@/?[\w.]", text)]
    urls = map(_text, [*found.operands, *found.values("--url")])
    local = [text_word(match[1]) for text in urls if (match := _FILE_URL.match(text))]
    read = found.values("-T", "--upload-file", "-K", "--config", "--cacert", "--cert", "--key")
    return Operands(
        reads=[*read, *local, *(text_word(text.partition(";")[0]) for text in posted)],
        makes=[
            word
            for word in found.values("-o", "--output", "-D", "--dump-header", "-c")
            if word.literal != "-"
        ],
        fills=found.has("-O", "--remote-name", "-J"),
        parents=found.has("--create-dirs"),
    )


_FILE_URL = re.compile(r"file://(?:localhost|127\.0\.0\.1)?(/[^?#]*)", re.IGNORECASE)
_CURL = (
    "output data data-binary data-raw data-urlencode form header user user-agent request upload-file config "
    "cacert cert key max-time connect-timeout retry retry-delay url proxy cookie cookie-jar dump-header "
    "referer write-out resolve"
)


def _text(word: Word) -> str:
    return word.literal or ""


def _date(words: Sequence[Word]) -> Operands:
    return Operands(
        reads=split(words, "dfrs", "date file reference set").values("-f", "--file", "-r", "--reference")
    )


def _real_path(words: Sequence[Word]) -> Operands:
    found = split(words, "", "relative-to relative-base")
    if found.has("-m", "--canonicalize-missing"):
        return Operands()
    if found.has("-e", "--canonicalize-existing"):
        return Operands(reads=found.operands, least=1)
    # The last name of a path need not be there.
    above = [posixpath.dirname((word.literal or "").rstrip("/")) for word in found.operands]
    return Operands(reads=[text_word(path) for path in above if path], least=1)


def _read_link(words: Sequence[Word]) -> Operands:
    found = split(words)
    if found.has("-f", "-e", "-m") or any(name.startswith("--canonicalize") for name in found.options):
        return _real_path(words)
    return Operands(reads=found.operands, least=1)


def _wget(words: Sequence[Word]) -> Operands:
    found = split(
        words, "OPoaitTwU", "output-document directory-prefix output-file user password header post-data"
    )
    out = [word for word in found.values("-O", "--output-document") if word.literal != "-"]
    into = found.values("-P", "--directory-prefix")
    return Operands(makes=out, directories=into, parents=True, into=into, fills=not out and not into)


_RULES: Mapping[str, Callable[[Sequence[Word]], Operands]] = {
    "awk": _awk,
    "bunzip2": _compress,
    "bzip2": _compress,
    "chgrp": _chown,
    "chmod": _chmod,
    "chown": _chown,
    "cp": _copy_files,
    "csplit": _split_program,
    "curl": _curl,
    "date": _date,
    "dd": _dd,
    "egrep": _grep,
    "fgrep": _grep,
    "find": _find,
    "gawk": _awk,
    "grep": _grep,
    "gunzip": _compress,
    "gzip": _compress,
    "install": _copy,
    "java": _java,
    "ln": _link,
    "mkdir": _mkdir,
    "mkfifo": _tee,
    "mv": _move,
    "psql": _psql,
    "readlink": _read_link,
    "realpath": _real_path,
    "rm": _remove,
    "rmdir": _remove_directory,
    "sed": _sed,
    "split": _split_program,
    "tar": _tar,
    "tee": _tee,
    "touch": _touch,
    "truncate": _truncate,
    "unlink": _remove,
    "unzip": _unzip,
    "wget": _wget,
    "xz": _compress,
    "zip": _zip,
    **dict.fromkeys(_INTERPRETERS, _interpreter),
}
