"""Goes through a script as bash would (GNU Bash manual, Shell Commands): what is reached, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from pipelines.commands.calls import DEEPEST, Calls
from pipelines.commands.conditions import LOOKING, matches, truth
from pipelines.commands.effects import written_by
from pipelines.commands.findings import Finding, Kind
from pipelines.commands.loops import leaves, rounds, slept_in
from pipelines.commands.parser import parse
from pipelines.commands.state import Status
from pipelines.commands.syntax import refused_by_bash
from pipelines.commands.words import Block, Call, Item, Word

_MOST_ROUNDS = 8
"""A loop over more words than this is looked at once, as if its variable had any value."""
_FIRST_JOB = 4_194_305
"""More than any process has for its number (proc(5), pid_max)."""


class Walk(Calls):
    """Statuses are None where only running tells."""

    def __init__(self, text: str, arguments: Sequence[str], staged: Mapping[str, str]) -> None:
        super().__init__(text, arguments, staged)
        self.assigned = {}

    def script(self, text: str, *, own_shell: bool = True) -> Status:
        """A script, or the text of ``eval``, which runs in the shell that is there (``own_shell=False``)."""
        if self.depth > DEEPEST:
            return None
        self.depth += 1
        try:
            script = parse(text)
            if script.problem:
                if problem := refused_by_bash(text):
                    self.note(Kind.SYNTAX, problem)
                    return 2
                self.note(Kind.UNREAD, "how all of its commands are nested")
                for call in script.calls:
                    with self.perhaps():
                        self.call(call)
                return None
            if script.process_substitutions:
                self.note(Kind.PROCESS_SUBSTITUTION, "")
            if not own_shell:
                return self.commands(script.items)
            return self._in_subshell(script.items)
        finally:
            self.depth -= 1

    def substituted(self, lists: Sequence[list[Item]]) -> Status:
        """The commands in ``$(…)``; the status is that of the last one."""
        status: Status = 0
        for items in lists:
            status = self._in_subshell(items)
        return status

    def _in_subshell(self, items: Sequence[Item]) -> Status:
        with self.subshell():
            status = self.commands(items)
            return self._leave(self.outcome(self.last if self.ended else status))

    def _leave(self, status: Status) -> Status:
        """The status of a shell with its traps. They may call functions that are defined after them."""
        for text in self.trapped:
            with self.subshell(certain=False), self.perhaps(guarded=True):
                self.script(text)
        if not self.at_exit:
            return status
        text, self.at_exit, self.ended, self.returned = self.at_exit, "", False, False
        self.may_have_ended, self.last = [], status
        self.variables.values["?"] = None if status is None else str(status)
        self.leaving.append(status)
        try:
            with self.perhaps(False, guarded="errexit" not in self.options):
                self.script(text, own_shell=False)
        finally:
            self.leaving.pop()
        return self.outcome(self.last if self.ended else status)

    def function(self, name: str, arguments: Sequence[Word]) -> Status:
        """Call a function."""
        if self.depth > DEEPEST:
            return None
        known = self.variables.arguments_known
        outer = self.variables.set_arguments([word.literal for word in arguments])
        self.depth += 1
        at_error = self.at_error
        self.at_error = at_error if "errtrace" in self.options else ""
        try:
            status = self.commands(self.functions[name])
            return self.last if self.returned else status
        finally:
            self.depth -= 1
            self.at_error = at_error
            self.returned = False
            self.variables.set_arguments([])
            self.variables.values.update(outer)
            self.variables.arguments_known = known

    def commands(self, items: Sequence[Item]) -> Status:
        """A list of commands."""
        status: Status = 0
        for chain in _chains(items):
            if self.ended or self.returned:
                break
            status = self._chain(chain)
            if not (self.ended or self.returned):
                self.last = status
        return self.last if self.ended or self.returned else status

    def _chain(self, chain: Sequence[list[Item]]) -> Status:
        """Pipelines with ``&&`` and ``||`` between them."""
        status: Status = 0
        for position, pipeline in enumerate(chain):
            connector = pipeline[0].connector
            if (connector == "&&" and status) or (connector == "||" and status == 0):
                continue
            doubtful = connector in {"&&", "||"} and status is None
            guarded = any(later[0].connector == "||" for later in chain[position + 1 :])
            with self.perhaps(doubtful, guarded=guarded):
                found = self._pipeline(pipeline)
            self.variables.values["?"] = None if found is None or doubtful else str(found)
            if self.ended or self.returned:
                return found
            if not doubtful or (connector == "&&" and found) or (connector == "||" and found == 0):
                status = found
            if position == len(chain) - 1 and status and not (self.guards or pipeline[0].negated):
                self._failed(status)
        return status

    def _failed(self, status: int) -> None:
        """A command has failed that nothing expects to fail."""
        if self.at_error:
            text, self.at_error = self.at_error, ""
            self.last = status
            self.script(text, own_shell=False)
            self.at_error = text
        if "errexit" in self.options and not self.ended:
            self.end(status)

    def _pipeline(self, items: Sequence[Item]) -> Status:
        if len(items) == 1 and not items[0].background:
            status = self._node(items[0].node)
        else:
            statuses, slept = self._at_once(items)
            status = statuses[-1]
            if "pipefail" in self.options and not status:
                failed = next((each for each in statuses if each), None)
                status = failed or (None if None in statuses else status)
            if items[-1].background:
                job = str(_FIRST_JOB + len(self.jobs))
                self.jobs[job], self.jobs_end[job] = status, slept
                self.variables.values["!"] = job
                status = 0
        if items[0].negated and not self.ended:
            return None if status is None else int(not status)
        return status

    def _at_once(self, items: Sequence[Item]) -> tuple[list[Status], float]:
        """The commands of a pipeline or a job in the background: how they end, and after how much waiting."""
        statuses: list[Status] = []
        slept = longest = self.findings.sleeps
        self.aside += 1
        self.limited += items[-1].background
        for before, item in zip((None, *items), items, strict=False):
            self.findings.sleeps = slept
            with self.subshell():
                found = self._node(_with_input(item.node, before.node if before else None))
                statuses.append(self.outcome(self.last if self.ended else found))
            longest = max(longest, self.findings.sleeps)
        self.aside -= 1
        self.limited -= items[-1].background
        self.findings.sleeps = slept if items[-1].background else longest
        return statuses, longest

    def _node(self, node: Call | Block) -> Status:
        if isinstance(node, Call):
            return self.call(node)
        self.substituted(node.inner)
        if not self.redirect(node.redirections):
            return 1
        match node.kind:
            case "function":
                self.functions[node.name] = node.bodies[0]
                return 0
            case "(":
                return self._in_subshell(node.bodies[0])
            case "{":
                return self.commands(node.bodies[0])
            case "[[":
                return self.test(node.words, patterns=True)
            case "((":
                return self.arithmetic(node.name)
            case "if":
                return self._if(node.bodies)
            case "while" | "until":
                return self._while(node)
            case "for":
                return self._for(node)
            case "case":
                return self._case(node)
            case "select":
                return self._select(node)
        return None

    def _select(self, node: Block) -> Status:
        """``select`` ends with 1 where its input ends, and a handler gives none."""
        if "|" not in self.variables.text and "<" not in self.variables.text:
            for word in node.words:
                self.word(self.variables.known(word), "case")
            return 1
        self.note(Kind.UNREAD, f"what 'select {node.name}' reads")
        self.variables.values[node.name] = None
        return self._one_of(node.words, node.bodies)

    def _if(self, bodies: Sequence[list[Item]]) -> Status:
        doubtful = False
        outcomes: list[Status] = []
        for position in range(0, len(bodies) - 1, 2):
            with self.perhaps(doubtful, guarded=True):
                holds = self.commands(bodies[position])
            if self.ended or self.returned:
                return holds
            if holds:
                continue
            doubtful = doubtful or holds is None
            with self.perhaps(doubtful):
                outcomes.append(self.commands(bodies[position + 1]))
            if holds == 0:
                break
        else:
            with self.perhaps(doubtful):
                outcomes.append(self.commands(bodies[-1]) if len(bodies) % 2 else 0)
        return outcomes[0] if len(set(outcomes)) == 1 else None

    def _while(self, node: Block) -> Status:
        condition, body = node.bodies
        with self.perhaps(False, guarded=True):
            holds = self.commands(condition)
        if holds is not None and bool(holds) is (node.kind == "while"):
            return 0
        if self._has_no_end(node):
            self.endless(f"'{node.kind} {condition[0].node.words[0].shown}'")
        with self.perhaps():
            self.commands(body)
        return None

    def _for(self, node: Block) -> Status:
        body = node.bodies[0] if node.bodies else []
        words = self.variables.split(node.words)
        for word in words:
            self.looked_over(word)
        literals = [word.literal for word in words]
        plain = [text for text in literals if text is not None and not set("*?[{") & set(text)]
        if (
            node.words
            and len(plain) == len(words) <= _MOST_ROUNDS
            and not leaves(body, (), {"break", "continue"})
        ):
            status: Status = 0
            for text in plain:
                self.variables.values[node.name] = text
                status = self.commands(body)
                if self.ended or self.returned:
                    break
            return status
        self.variables.values[node.name] = None
        slept = self.findings.sleeps
        with self.perhaps():
            self.commands(body)
        if (count := rounds(words)) and self.certain and not self._may_end(body):
            self.slept(slept + count * slept_in(body))
        return None

    def _has_no_end(self, node: Block) -> bool:
        condition, body = node.bodies
        always = {"while": {"true", ":"}, "until": {"false"}}[node.kind]
        call = condition[0].node if len(condition) == 1 else None
        if not isinstance(call, Call) or len(call.words) != 1 or call.words[0].literal not in always:
            return False
        return not self._may_end(body)

    def _may_end(self, body: Sequence[Item]) -> bool:
        """Whether something in a loop may end it before its time."""
        return "errexit" in self.options or bool(self.at_error) or leaves(body, self.functions)

    def _case(self, node: Block) -> Status:
        subject = self.variables.known(node.words[0])
        at = 0
        if not node.name:
            for patterns in node.patterns:
                found = [matches(subject, self.variables.known(pattern)) for pattern in patterns]
                if True in found and None not in found[: found.index(True)]:
                    self.word(subject, "case")
                    return self.commands(node.bodies[at])
                if None in found:
                    break
                at += 1
        return self._one_of(node.words, node.bodies[at:])

    def _one_of(self, words: Sequence[Word], bodies: Sequence[list[Item]]) -> Status:
        for word in words:
            self.word(self.variables.known(word), "case")
        for body in bodies:
            with self.perhaps():
                self.commands(body)
        return None if bodies else 0

    def test(self, words: Sequence[Word], *, patterns: bool = False) -> Status:
        """``test`` and its like."""
        known = [self.variables.known(word) for word in words]
        for operator, word in pairwise(known):
            if operator.literal in LOOKING and (path := self.path(word)):
                self.looked_for.add(path)
        for word in known:
            self.word(word, "test")

        def has(word: Word) -> bool | None:
            path = self.path(word)
            there = None if path is None else self.files.has(path)
            if there is False and path and not path.startswith("/tmp/"):  # noqa: S108 - as written in the command
                # If the script fails for that, it is the reason.
                self.expected.append(Finding(Kind.HOST_PATH, f"'{path}'"))
            return there

        found = truth(known, has, patterns=patterns)
        return None if found is None else int(not found)


def _chains(items: Sequence[Item]) -> Iterator[list[list[Item]]]:
    """Lists of pipelines that ``&&`` and ``||`` join."""
    chain: list[list[Item]] = []
    for item in items:
        if item.connector == "|" and chain:
            chain[-1].append(item)
            continue
        if item.connector == ";" and chain:
            yield chain
            chain = []
        chain.append([item])
    if chain:
        yield chain


def _with_input(node: Call | Block, before: Call | Block | None) -> Call | Block:
    """A command of a pipeline, with what ``echo`` and the like give to it."""
    if (
        not isinstance(node, Call)
        or not isinstance(before, Call)
        or node.input is not None
        or before.redirections
    ):
        return node
    return replace(node, input=written_by(before))
