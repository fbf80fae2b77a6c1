"""Reads a script by bash's grammar, as far as it takes to find its commands (GNU Bash manual, Shell Syntax).

Nothing is run. bash's own parser has no interface, and the parser for Python that is closest to it is under
the GPL.
"""

from __future__ import annotations

import re
from typing import NoReturn

from pipelines.commands.words import Block, Call, Item, Part, Script, Word, text_word

_BLANK = " \t"
_META = " \t\n;&|<>()"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\[[^\]]*\])?\+?=")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_REDIRECTION = re.compile(
    r"(\d+|\{[A-Za-z_][A-Za-z0-9_]*\})?(<<<|<<-|<<|>>|<&|>&|<>|>\||&>>|&>|<(?!\()|>(?!\())"
)
_ENDS = {"then", "elif", "else", "fi", "do", "done", "esac", "}"}
"""Words that end a list of commands, where a command could begin."""
_DEPTH = 60


class _ParseError(Exception):
    """The text is no bash."""


def parse(text: str) -> Script:
    """The commands of ``text``. Never raises: ``problem`` says what is wrong."""
    script = Script()
    try:
        parser = _Parser(text.replace("\r\n", "\n"), script, 0)
        script.items = parser.commands("")
    except _ParseError as error:
        script.problem = str(error)
    except RecursionError:
        script.problem = "it is nested too deeply"
    return script


class _Parser:
    def __init__(self, text: str, script: Script, depth: int) -> None:
        self._text = text
        self._at = 0
        self._script = script
        self._depth = depth
        self._inner: list[list[Item]] = []
        """What the substitutions in the words of the command that is being read run."""
        self._documents: list[tuple[str, bool, bool, Call | Block]] = []
        """Here-documents whose bodies follow: end, whether quoted, whether indented, command."""

    # Commands

    def commands(self, until: str) -> list[Item]:
        """Read commands up to ``until``: the end, ``)``, ``;;``, or a word that ends a part of a compound."""
        if self._depth > _DEPTH:
            self._refuse("it is nested too deeply")
        self._depth += 1
        items: list[Item] = []
        connector, negated = ";", False
        while True:
            self._skip_blank()
            if self._at >= len(self._text):
                if until:
                    self._refuse(f"there is no '{until}'")
                break
            if until == ")" and self._peek(")"):
                self._at += 1
                break
            if until == ";;" and (self._peek(";;") or self._peek(";&") or self._is_keyword("esac")):
                break
            if self._peek("\n"):
                self._newline()
                continue
            if found := next((each for each in ("&&", "||", "|&", "|", ";", "&") if self._peek(each)), ""):
                self._at += len(found)
                if found == "&" and items:
                    items[-1].background = True
                connector = {"|&": "|", "&": ";"}.get(found, found)
                continue
            if self._peek(")"):
                self._refuse("there is a ')' without a '('")
            word = self._keyword()
            if word in _ENDS:
                if until == "keyword":
                    break
                self._refuse(f"'{word}' is not expected")
            if word in {"!", "time", "coproc"}:
                self._at += len(word)
                negated ^= word == "!"
                continue
            items.append(Item(self._command(word), connector, negated))
            connector, negated = ";", False
        self._depth -= 1
        return items

    def _part(self, *ends: str) -> tuple[list[Item], str]:
        """A part of a compound command, and the word that ended it."""
        items = self.commands("keyword")
        word = self._keyword()
        if word not in ends:
            self._refuse(f"'{word}' is not expected")
        self._at += len(word)
        return items, word

    def _command(self, word: str) -> Call | Block:
        outer, self._inner = self._inner, []
        node = self._compound(word) or self._simple()
        node.inner += self._inner
        self._inner = outer
        return node

    def _compound(self, word: str) -> Block | None:
        start = self._at + 2
        if self._peek("((") and self._arithmetic_command():
            return self._redirected(Block("((", name=self._text[start : self._at - 2]))
        if self._peek("("):
            self._at += 1
            return self._redirected(Block("(", [self.commands(")")]))
        read = {
            "if": self._if,
            "while": self._while,
            "until": self._while,
            "for": self._for,
            "select": self._for,
            "case": self._case,
            "{": self._group,
            "[[": self._test,
        }.get(word)
        if read is not None:
            self._at += len(word)
            block = Block(word)
            read(block)
            return self._redirected(block)
        if word == "function":
            self._at += len(word)
            self._skip_blank()
            return self._function(self._word().literal or "")
        return None

    def _redirected(self, block: Block) -> Block:
        while True:
            self._skip_blank()
            found = _REDIRECTION.match(self._text, self._at)
            if found is None:
                return block
            self._redirection(block, found)

    def _if(self, block: Block) -> None:
        end = "elif"
        while end == "elif":
            condition, _ = self._part("then")
            body, end = self._part("elif", "else", "fi")
            block.bodies += [condition, body]
        if end == "else":
            block.bodies.append(self._part("fi")[0])

    def _while(self, block: Block) -> None:
        block.bodies = [self._part("do")[0], self._part("done")[0]]

    def _group(self, block: Block) -> None:
        block.bodies = [self._part("}")[0]]

    def _function(self, name: str) -> Block:
        self._skip_blank()
        if self._peek("("):
            self._at += 1
            self._skip_blank()
            if not self._peek(")"):
                self._refuse("a function's '(' is not followed by ')'")
            self._at += 1
        self._skip_blank_and_newlines()
        body = self._command(self._keyword())
        return Block("function", [[Item(body)]], name=name)

    def _for(self, block: Block) -> None:
        self._skip_blank()
        if self._peek("(("):
            if not self._arithmetic_command():
                self._refuse("there is no '))' after 'for (('")
        else:
            block.name = self._word().shown
            self._skip_blank_and_newlines()
            if self._is_keyword("in"):
                self._at += 2
                while True:
                    self._skip_blank()
                    if self._at >= len(self._text) or self._text[self._at] in "\n;":
                        break
                    block.words.append(self._some_word())
        self._skip_blank_and_newlines()
        if self._peek(";"):
            self._at += 1
            self._skip_blank_and_newlines()
        if self._is_keyword("{"):
            self._at += 1
            self._group(block)
        elif self._is_keyword("do"):
            self._at += 2
            block.bodies = [self._part("done")[0]]
        else:
            self._refuse("a 'for' has no 'do'")

    def _case(self, block: Block) -> None:
        self._skip_blank()
        block.words.append(self._word())
        self._skip_blank_and_newlines()
        if not self._is_keyword("in"):
            self._refuse("a 'case' has no 'in'")
        self._at += 2
        while True:
            self._skip_blank_and_newlines()
            if self._is_keyword("esac"):
                self._at += 4
                return
            if self._at >= len(self._text):
                self._refuse("there is no 'esac'")
            if self._peek("("):
                self._at += 1
            patterns: list[Word] = []
            while True:
                self._skip_blank()
                if self._peek(")"):
                    self._at += 1
                    break
                if self._peek("|"):
                    self._at += 1
                    continue
                patterns.append(self._some_word())
            block.patterns.append(patterns)
            block.bodies.append(self.commands(";;"))
            if self._peek(";;&") or self._peek(";&"):
                block.name = "goes on"
            for end in (";;&", ";;", ";&"):
                if self._peek(end):
                    self._at += len(end)
                    break

    def _test(self, block: Block) -> None:
        while True:
            self._skip_blank_and_newlines()
            if self._at >= len(self._text):
                self._refuse("there is no ']]'")
            if self._peek("]]"):
                self._at += 2
                return
            if self._peek("=~"):
                self._at += 2
                self._skip_blank()
                start = self._at
                self._regular_expression()
                block.words += [text_word("=~"), self._expression_word(self._text[start : self._at])]
            elif self._text[self._at] in "()<>&|!" and not self._peek("!="):
                block.words.append(text_word(self._text[self._at]))
                self._at += 1
            else:
                block.words.append(self._some_word())

    def _regular_expression(self) -> None:
        depth = 0
        while self._at < len(self._text):
            character = self._text[self._at]
            if character in " \t\n" and depth <= 0:
                return
            if character in "'\"\\$`":
                self._word_parts(stop="")
                continue
            depth += (character == "(") - (character == ")")
            self._at += 1

    @staticmethod
    def _expression_word(text: str) -> Word:
        plain = not set(text.removesuffix("$")) & set("'\"\\$`")
        return text_word(text) if plain else Word((Part("unknown", text),))

    def _simple(self) -> Call | Block:
        call = Call()
        documents = len(self._documents)
        while True:
            self._skip_blank()
            if self._at >= len(self._text) or self._text[self._at] == "\n":
                break
            if redirection := _REDIRECTION.match(self._text, self._at):
                self._redirection(call, redirection)
                continue
            if self._text[self._at] in ";&|)":
                break
            if self._peek("("):
                if len(call.words) == 1 and not call.assignments:
                    return self._function(call.words[0].literal or "")
                self._refuse("there is a '(' within a command")
            if not call.words and (assignment := _ASSIGNMENT.match(self._text, self._at)):
                self._assignment(call, assignment)
                continue
            call.words.append(self._some_word())
            named = call.words[0].literal in {"export", "declare", "local", "readonly", "typeset"}
            if named and (array := re.match(r"[^\s;&|()<>'\"]*=\(", self._text[self._at :].lstrip(_BLANK))):
                self._skip_blank()
                self._at += array.end()
                self._array(call)
        if call.words or call.assignments or call.redirections or len(self._documents) > documents:
            self._script.calls.append(call)
        else:
            self._refuse(f"'{self._text[self._at : self._at + 10]}' is not expected")
        return call

    def _assignment(self, call: Call, found: re.Match[str]) -> None:
        self._at = found.end()
        if self._peek("("):
            self._at += 1
            self._array(call)
            call.assignments.append((found[1], Word((Part("unknown", "array"),))))
            return
        blank = self._at >= len(self._text) or self._text[self._at] in _META
        value = Word() if blank and not self._starts_substitution() else self._word()
        if found[2] or found[0].endswith("+="):
            value = Word((Part("unknown", "array"), *value.parts))
        call.assignments.append((found[1], value))

    def _array(self, call: Call) -> None:
        while True:
            self._skip_blank_and_newlines()
            if self._at >= len(self._text):
                self._refuse("there is no ')' after an array")
            if self._peek(")"):
                self._at += 1
                return
            call.listed.append(self._some_word())

    def _redirection(self, call: Call | Block, found: re.Match[str]) -> None:
        self._at = found.end()
        operator = found[2]
        self._skip_blank()
        if operator in {"<<", "<<-"}:
            start = self._at
            end = self._word()
            written = self._text[start : self._at]
            quoted = any(character in written for character in "'\"\\")
            self._documents.append((end.shown, quoted, operator == "<<-", call))
            return
        target = self._some_word()
        if operator == "<<<" and isinstance(call, Call):
            call.input = target.literal
        call.redirections.append((operator, target))

    def _newline(self) -> None:
        self._at += 1
        waiting, self._documents = self._documents, []
        for end, quoted, indented, call in waiting:
            lines = []
            while self._at < len(self._text):
                stop = self._text.find("\n", self._at)
                stop = len(self._text) if stop < 0 else stop
                line = self._text[self._at : stop]
                self._at = min(stop + 1, len(self._text))
                line = line.lstrip("\t") if indented else line
                if line == end:
                    break
                lines.append(line)
            text = "\n".join(lines) + ("\n" if lines else "")
            if isinstance(call, Call):
                call.input = text
            if not quoted:
                call.inner += self._expansions_of(text)

    def _expansions_of(self, text: str) -> list[list[Item]]:
        """The substitutions in a here-document, where quotes are ordinary characters."""
        inner = _Parser(text, self._script, self._depth + 1)
        while inner._at < len(text):
            if text[inner._at] == "\\":
                inner._at += 2
            elif text[inner._at] in "$`":
                inner._expansion(quoted=True)
            else:
                inner._at += 1
        return inner._inner

    # Words

    def _some_word(self) -> Word:
        start = self._at
        word = self._word()
        if self._at == start:
            self._refuse(f"'{self._text[self._at : self._at + 10].strip() or 'the end'}' is not expected")
        return word

    def _word(self) -> Word:
        return Word(tuple(self._word_parts(stop=_META)))

    def _word_parts(self, stop: str) -> list[Part]:
        """The parts of a word up to a character in ``stop``. Without ``stop``, one quote or expansion."""
        parts: list[Part] = []
        text = ""

        def flush() -> None:
            nonlocal text
            if text:
                parts.append(Part("text", text))
                text = ""

        while self._at < len(self._text):
            character = self._text[self._at]
            if self._starts_substitution():
                flush()
                parts.append(self._process_substitution())
            elif character in stop:
                break
            elif character == "\\":
                if self._text[self._at + 1 : self._at + 2] != "\n":
                    text += self._text[self._at + 1 : self._at + 2]
                    flush()
                    if parts:
                        parts[-1] = Part("text", parts[-1].value, quoted=True)
                self._at += 2
            elif character == "'":
                flush()
                parts.append(Part("text", self._until("'"), quoted=True))
            elif character == '"':
                flush()
                parts += self._double_quoted()
            elif character in "$`":
                flush()
                parts.append(self._expansion(quoted=False))
            else:
                text += character
                self._at += 1
            if not stop:
                break
        flush()
        return parts

    def _until(self, quote: str) -> str:
        end = self._text.find(quote, self._at + 1)
        if end < 0:
            self._refuse(f"there is no closing {quote}")
        found = self._text[self._at + 1 : end]
        self._at = end + 1
        return found

    def _double_quoted(self) -> list[Part]:
        self._at += 1
        parts: list[Part] = []
        text = ""
        while True:
            if self._at >= len(self._text):
                self._refuse('there is no closing "')
            character = self._text[self._at]
            if character == '"':
                self._at += 1
                return [*parts, Part("text", text, quoted=True)]
            if character == "\\":
                following = self._text[self._at + 1 : self._at + 2]
                # Within double quotes, it quotes only these (GNU Bash manual, Double Quotes).
                text += following if following in '$`"\\' else "" if following == "\n" else f"\\{following}"
                self._at += 2
            elif character in "$`":
                parts.append(Part("text", text, quoted=True))
                text = ""
                parts.append(self._expansion(quoted=True))
            else:
                text += character
                self._at += 1

    def _expansion(self, *, quoted: bool) -> Part:
        """What ``$`` or a backquote begins."""
        text = self._text
        if text[self._at] == "`":
            return self._backquoted(quoted)
        following = text[self._at + 1 : self._at + 2]
        if following == "(":
            start = self._at
            if text.startswith("$((", self._at) and self._arithmetic(self._at + 3):
                return Part("unknown", text[start : self._at], quoted)
            self._at = start + 2
            self._substituted(")")
            return Part("unknown", text[start + 2 : self._at - 1], quoted)
        if following == "{":
            return self._braced(quoted)
        if following == "'" and not quoted:
            self._at += 1
            return self._dollar_quoted()
        if following == '"' and not quoted:
            self._at += 1
            parts = self._double_quoted()
            return Part("text", "".join(part.value for part in parts if part.kind == "text"), quoted=True)
        if found := _PARAMETER.match(text, self._at + 1):
            self._at = found.end()
            return Part("variable", found[0], quoted)
        self._at += 1
        return Part("text", "$", quoted)

    def _dollar_quoted(self) -> Part:
        self._at += 1
        start = self._at
        while self._at < len(self._text) and self._text[self._at] != "'":
            self._at += 2 if self._text[self._at] == "\\" else 1
        if self._at >= len(self._text):
            self._refuse("there is no closing '")
        found = self._text[start : self._at]
        self._at += 1
        return Part("text", found.replace("\\n", "\n").replace("\\t", "\t"), quoted=True)

    def _backquoted(self, quoted: bool) -> Part:
        self._at += 1
        found = ""
        while self._at < len(self._text) and self._text[self._at] != "`":
            if self._text[self._at] == "\\" and self._text[self._at + 1 : self._at + 2] in {"\\", "`", "$"}:
                self._at += 1
            found += self._text[self._at : self._at + 1]
            self._at += 1
        if self._at >= len(self._text):
            self._refuse("there is no closing `")
        self._at += 1
        inner = _Parser(found, self._script, self._depth + 1)
        self._inner.append(inner.commands(""))
        return Part("unknown", found, quoted)

    def _braced(self, quoted: bool) -> Part:
        """``${NAME}``, with whatever operators follow the name."""
        start = self._at
        self._at += 2
        name = _PARAMETER.match(self._text, self._at + (self._peek("!") or self._peek("#")))
        if name is not None and self._text[name.end() : name.end() + 1] == "}" and name.start() == self._at:
            self._at = name.end() + 1
            return Part("variable", name[0], quoted)
        while True:
            if self._at >= len(self._text):
                self._refuse("there is no closing } after ${")
            character = self._text[self._at]
            if character == "}":
                self._at += 1
                return Part("unknown", self._text[start + 2 : self._at - 1], quoted)
            if character == "\\":
                self._at += 2
            elif character == "'" and not quoted:
                self._until("'")
            elif character == '"':
                self._double_quoted()
            elif character in "$`":
                self._expansion(quoted=quoted)
            else:
                self._at += 1

    def _starts_substitution(self) -> bool:
        return self._text.startswith(("<(", ">("), self._at)

    def _process_substitution(self) -> Part:
        self._script.process_substitutions += 1
        start = self._at
        self._at += 2
        self._substituted(")")
        return Part("unknown", self._text[start : self._at])

    def _substituted(self, until: str) -> None:
        found = self.commands(until)
        self._inner.append(found)

    def _arithmetic_command(self) -> bool:
        """Read ``((…))``. False, with nothing read, if it is a subshell in a subshell."""
        start = self._at
        if self._arithmetic(self._at + 2):
            return True
        self._at = start
        return False

    def _arithmetic(self, start: int) -> bool:
        depth, at = 2, start
        while at < len(self._text) and depth:
            depth += (self._text[at] == "(") - (self._text[at] == ")")
            at += 1
        if depth or self._text[at - 2 : at] != "))":
            return False
        self._at = at
        return True

    # Characters

    def _peek(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _keyword(self) -> str:
        """The word here, if it may be a keyword: written without quotes."""
        at = self._at
        while at < len(self._text) and self._text[at] not in _META:
            if self._text[at] in "'\"\\$`=":
                return ""
            at += 1
        return self._text[self._at : at]

    def _is_keyword(self, word: str) -> bool:
        return self._keyword() == word

    def _skip_blank(self) -> None:
        """Skip blanks, continued lines, and a comment."""
        while self._at < len(self._text):
            if self._text[self._at] in _BLANK:
                self._at += 1
            elif self._peek("\\\n"):
                self._at += 2
            elif self._text[self._at] == "#" and (self._at == 0 or self._text[self._at - 1] in _META):
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            else:
                return

    def _skip_blank_and_newlines(self) -> None:
        self._skip_blank()
        while self._peek("\n"):
            self._newline()
            self._skip_blank()

    def _refuse(self, problem: str) -> NoReturn:
        line = self._text.count("\n", 0, self._at) + 1
        raise _ParseError(f"line {line}: {problem}")
