"""What the words and redirections of a call do with files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from pipelines.commands.files import Made, absolute, is_of_layer, may_be_written
from pipelines.commands.findings import Kind
from pipelines.commands.operands import Operands, operands
from pipelines.commands.state import State, Status
from pipelines.commands.words import Call, Word


class Effects(State):
    """Each method tells whether it goes well, as far as it is known."""

    def redirect(self, redirections: Sequence[tuple[str, Word]], call: Call | None = None) -> bool:
        """``< file`` and ``> file``. bash does not run a command whose redirection fails."""
        good = True
        for operator, target in redirections:
            self.staging(target)
            known = self.variables.known(target)
            path = self.path(known)
            if operator in {"<<<", "<&"} or (operator == ">&" and (known.literal or "").isdecimal()):
                continue
            if known.literal == "":
                self.note(Kind.HOST_PATH, f"'{Word(known.origin).shown}', which is empty")
                good = False
            elif path is None:
                self._unknown_target(operator, known)
            elif operator == "<":
                self.word(known, "<")
                good = self.needs(target) and good
            else:
                text = written_by(call) if call and operator in {">", ">|"} else None
                good = self.make(target, text) and good
        return good

    def _unknown_target(self, operator: str, target: Word) -> None:
        if operator != "<" and (target.literal is None) and not target.prefix.startswith("/dev/"):
            self.files.anywhere = True

    def needs(self, word: Word) -> bool:
        """Something has to be there."""
        known = self.variables.known(word)
        if known.literal == "" and known.is_quoted:
            self.note(Kind.HOST_PATH, f"'{Word(known.origin).shown}', which is empty")
            return False
        path = self.path(known) or self._directory_of(known)
        if path is None or (path in self.looked_for and not self.certain) or re.search(r"\{.*(,|\.\.)", path):
            return True
        there = self.files.has(path)
        staged = any(path.startswith(f"{place}/") for place in self.inputs)
        if there is None and staged and not set("*?[") & set(path):
            self.note(Kind.INPUT, f"'{self._as_written(known)}'")
        if there is not False:
            return True
        if is_of_layer(path):
            self.note(Kind.LAYER, f"'{path}'")
            self.findings.layers.add(path)
            return True
        self.note(Kind.HOST_PATH, f"'{self._as_written(known)}'{self.why(known, path)}")
        return False

    def _directory_of(self, known: Word) -> str | None:
        """The directory of a path whose end only running tells; None if it may be the command's own."""
        text = known.prefix.rpartition("/")[0] if known.literal is None else ""
        if not text.startswith("/") or text.startswith("/tmp"):  # noqa: S108 - as written in the command
            return None
        return absolute(text, self.directory)

    def why(self, word: Word, path: str) -> str:
        """Why something is not there, as the rest of its sentence."""
        if unset := self.variables.unset_in(Word(word.origin or word.parts)):
            return f", as nothing sets {' or '.join(unset)}"
        if path.startswith("/tmp/"):  # noqa: S108 - as written in the command
            return ", which nothing in the command makes or brings"
        return ""

    def _as_written(self, known: Word) -> str:
        origin = Word(known.origin)
        return origin.shown if self.variables.unset_in(origin) else (known.literal or known.shown)

    def make(
        self, word: Word, text: str | None = None, *, parents: bool = False, directory: bool = False
    ) -> bool:
        """Make a file, or a directory. Says so if a function cannot."""
        known = self.variables.known(word)
        if known.literal == "" and known.is_quoted:
            self.note(Kind.HOST_PATH, f"'{Word(known.origin).shown}', which is empty")
            return False
        path = self.path(known)
        if path is None or "{" in path:
            self.files.anywhere = True
            return True
        made = (
            self.files.make_directory(path, parents=parents)
            if directory
            else self.files.make(path, text if self.certain else None, parents=parents)
        )
        if made is Made.READ_ONLY:
            self.note(Kind.HOST_WRITE, f"'{path}'")
        elif made is Made.NO_DIRECTORY:
            self.note(Kind.HOST_PATH, f"'{posixpath.dirname(path)}'{self.why(known, path)}")
        return made is not Made.NO_DIRECTORY  # In a container, it goes well.

    def use(self, name: str, words: Sequence[Word]) -> Status:
        """The files of a call. 1 if one that it needs is not there, so that the program fails."""
        found = operands(name, words)
        # A word that is not known, or is a pattern, may be several.
        several = any(word.literal in {None, "--"} or set(word.prefix) & set("*?[{") for word in words)
        given = [word for word in words if not word.prefix.startswith("-")]
        good = several or len(given) >= found.least
        for word in found.reads:
            good = self.needs(word) and good
        for word in found.files:
            path = self.path(self.variables.known(word))
            good = good and not (path and self.files.is_directory(path))
        for word in found.directories:
            good = self.make(word, parents=found.parents, directory=True) and good
        if name == "ln" and found.targets and not self._all_there(found.targets):
            for word in found.makes:
                path = self.path(self.variables.known(word))
                if path and not may_be_written(path):
                    self.note(Kind.HOST_WRITE, f"'{path}'")
            found.makes = []  # A link to nothing is like nothing.
        if name in {"cp", "mv", "install", "ln"}:
            good = self._copied(found) and good
        else:
            for word in found.makes:
                good = self.make(word, parents=found.parents) and good
        self._fill(found)
        for word in found.gone:
            if (path := self.path(self.variables.known(word))) and self.certain:
                self.files.remove(path)
        for word in found.executable:
            if path := self.path(self.variables.known(word)):
                self.files.executable.add(path)
        return None if good else 1

    def _all_there(self, words: Sequence[Word]) -> bool:
        paths = [self.path(self.variables.known(word)) for word in words]
        return all(path is None or self.files.has(path) is not False for path in paths)

    def _copied(self, found: Operands) -> bool:
        good = True
        for target in found.makes:
            known = self.variables.known(target)
            path = self.path(known)
            written = known.literal or ""
            if known.literal == "" and known.is_quoted:
                good = self.make(target)
            elif path is None:
                self.files.anywhere = True
            elif len(found.reads) > 1 or written.endswith(("/", "/.")) or self.files.is_directory(path):
                if self.files.has(path) is False:
                    good = self.needs(target) and good
                elif not may_be_written(path):
                    self.note(Kind.HOST_WRITE, f"'{path}'")
                for source in found.reads:
                    self._copied_into(path, self.variables.known(source))
            else:
                good = self.make(target) and good
                for source in found.reads[:1]:
                    self._copied_to(path, self.path(self.variables.known(source)))
        return good

    def _copied_into(self, directory: str, source: Word) -> None:
        last = source.parts[-1] if source.parts else None
        name = posixpath.basename(source.literal or (last.value if last and last.kind == "text" else ""))
        if (
            not name
            or set(name) & set("*?[{")
            or (source.literal is None and "/" not in (last.value if last else ""))
        ):
            self.files.fetched.add(directory)
            return
        path = f"{directory}/{name}"
        self.files.made[path] = None
        self._copied_to(path, self.path(source))

    def _copied_to(self, path: str, source: str | None) -> None:
        self._keep_mode(path, source)
        if source and self.files.is_directory(source):
            self.files.made.pop(path, None)
            self.files.directories.add(path)
            self.files.fetched.add(path)

    def _keep_mode(self, target: str, source: str | None) -> None:
        if source in self.files.executable:
            self.files.executable.add(target)
        elif source is None or source in self.copied or not source.startswith("/tmp/"):  # noqa: S108
            self.copied.add(target)
        if source in self.files.made:
            self.files.made[target] = self.files.made[source]

    def _fill(self, found: Operands) -> None:
        for word in found.into:
            path = self.path(self.variables.known(word))
            if path is None:
                self.files.anywhere = True
            else:
                self.files.fetched.add(path)
        if found.fills:
            if self.directory is None:
                self.files.anywhere = True
            else:
                self.files.fetched.add(self.directory)
        self.files.anywhere = self.files.anywhere or found.anywhere

    # Of Calls.

    def staging(self, word: Word) -> None:
        """Look for variables of staging that are not set."""
        raise NotImplementedError

    def word(self, word: Word, program: str) -> None:
        """Look at a word, whatever it is for."""
        raise NotImplementedError


def written_by(call: Call) -> str | None:
    """The text that a call writes: ``cat`` with a here-document, or ``echo``; None if it is not known."""
    words = [word.literal for word in call.words]
    if words == ["cat"]:
        return call.input
    if None in words or len(words) < 2:
        return None
    name, *texts = (text or "" for text in words)
    if name == "echo" and not texts[0].startswith("-"):
        return " ".join(texts) + "\n"
    if name == "printf" and len(texts) == 1 and "%" not in texts[0]:
        return texts[0].replace("\\n", "\n")
    return None
