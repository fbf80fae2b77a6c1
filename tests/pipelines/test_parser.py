"""The parser finds what bash runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.commands.parser import parse


def programs(text: str) -> list[str]:
    return [call.words[0].shown for call in parse(text).calls if call.words]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a; b && c || d | e & f", ["a", "b", "c", "d", "e", "f"]),
        ("(sudo yum -y update aws-cli) && a", ["sudo", "a"]),
        ("if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]),
        ("for x in 1 $(a); do b; done; while c; do d; done < f", ["a", "b", "c", "d"]),
        ("for ((i = 0; i < 3; i++)); do a; done", ["a"]),
        ('case "$1" in x | y) a ;; (z) b ;; *) c ;; esac; d', ["a", "b", "c", "d"]),
        ("f() { a; }; function g { b | c; }; f", ["a", "b", "c", "f"]),
        ('x=$(a `b`) c "$(d \'e f\' "$(g)")"', ["b", "a", "g", "d", "c"]),
        ("cat <<E | a\n$(b) `c` \\$(no)\nE\nd", ["cat", "a", "b", "c", "d"]),
        ("cat <<'E'\n$(no)\nE\na", ["cat", "a"]),
        ("cat <<-E\n\tx\n\tE\na", ["cat", "a"]),
        ("[[ -n $(a) && $x =~ ^(b|c)$ ]] && d", ["a", "d"]),
        ("((x > 1)) && a; ((b); c)", ["a", "b", "c"]),
        ("a <(b | c) > >(d)", ["b", "c", "d", "a"]),
        ("arr=(a $(b)); c ${arr[@]} ${x:-$(d)}", ["b", "d", "c"]),
        ("! a; time b; { c; }; coproc d", ["a", "b", "c", "d"]),
        ("a # b; c\n#d\ne#f", ["a", "e#f"]),
        ("a \\\n b; 'c' \"d\"", ["a", "c"]),
        ("2>/dev/null a >b 2>&1 <<<c", ["a"]),
        ("<<\\E\n$(no)\nE\na", ["a"]),
    ],
)
def test_simple_commands(text: str, expected: list[str]) -> None:
    assert parse(text).problem == ""
    assert programs(text) == expected


@pytest.mark.parametrize(
    "text", ["echo 'a", 'echo "a', "echo $(a", "echo )", "if a; then b; esac (", "case x in", "`a"]
)
def test_what_is_no_bash_is_told(text: str) -> None:
    assert parse(text).problem.startswith("line ")


def test_words_keep_what_only_running_tells() -> None:
    (call,) = parse("""cp "$A/b c" x'y'z ${B} $(d)e""").calls[1:]
    assert [word.shown for word in call.words] == ["cp", "${A}/b c", "xyz", "${B}", "$(d)e"]
    assert [word.literal for word in call.words] == ["cp", None, "xyz", None, None]


WORDS = ["", " x", " 'a b'", ' "$HOME"', " ${y:-z}", " $((1 + 2))", " \\;", " {a,b}"]
COMPOUND = [
    "{0}; {1}",
    "{0} && {1}",
    "{0} | {1}",
    "( {0} )",
    "{{ {0}; }}",
    "if {0}; then {1}; else {2}; fi",
    "for i in 1 2; do {0}; done",
    "case a in b) {0} ;; *) {1} ;; esac",
    "x=$( {0} ); {1}",
    'echo "$( {0} )" `echo`',
    "f() {{ {0}; }}; f; {1}",
    "[[ -n $( {0} ) ]]; {1}",
]


@st.composite
def scripts(draw: st.DrawFn, depth: int = 3) -> str:
    """A script in which p0, p1 and so on are programs that do not exist."""
    if not depth or draw(st.booleans()):
        name = f"p{draw(st.integers(0, 5))}"
        return name + draw(st.sampled_from(WORDS))
    return draw(st.sampled_from(COMPOUND)).format(*[draw(scripts(depth - 1)) for _ in range(3)])


@example(script="cat <<E\n$(p0)\nE\np1")
@example(script="f() { p0 | f() { p0; }; f; p0; }; f; p0")
@example(script="case a in b) p0 ;; *) p1 ;; esac")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=scripts())
def test_every_program_that_bash_looks_for_is_found(script: str, tmp_path: Path) -> None:
    looked_for = tmp_path / "looked-for"
    looked_for.unlink(missing_ok=True)
    handler = f"command_not_found_handle() {{ printf '%s\\n' \"$1\" >> '{looked_for}'; return 127; }}\n"
    done = subprocess.run(
        ["/bin/bash", "-c", handler + script],
        # A function defined in a subshell does not replace the one that it is called for, which calls itself.
        env={"PATH": "", "FUNCNEST": "5"},
        cwd=tmp_path,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert b"syntax error" not in done.stderr
    found = parse(script)
    assert found.problem == ""
    names = set(looked_for.read_text().split()) if looked_for.exists() else set()
    assert names <= {call.words[0].shown for call in found.calls if call.words}
