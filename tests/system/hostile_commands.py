"""Random commands that do whatever they can to their environment, made from a seed.

Each is a few acts in a row. An act says which files it leaves in the output directory, and whether it leaves
something there, or does something to the directory, that cannot be staged.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FLEEING = (
    "import os,time\nend = time.monotonic() + 20\nfor _ in range(20000):\n"
    " if time.monotonic() > end or os.fork(): os._exit(0)\n os.setsid(); time.sleep(0.001)"
)
"""Forks about every millisecond for 20 s. Each time, the child starts a session and the parent exits."""


SIGNALS = (
    *("TERM", "INT", "HUP", "USR1", "USR2", "ALRM", "VTALRM", "PROF", "CHLD", "WINCH", "PIPE", "QUIT"),
    *("KILL", "CONT", "URG"),
)


@dataclass(frozen=True)
class Act:
    script: str
    leaves: Mapping[str, str] = field(default_factory=dict)
    """Files below the output directory, and their content. Without them staged, nothing may be FINISHED."""
    spoils: bool = False
    """Whether it leaves something that cannot be staged, or removes the output directory."""


@dataclass(frozen=True)
class HostileCommand:
    acts: tuple[Act, ...]

    def script(self, marks: Path) -> str:
        """The script. Each act that succeeds leaves a mark: one may keep the next from working."""
        marked = (
            f"{{ {act.script}\n}} && : > {marks}/{number}" if act.leaves or act.spoils else act.script
            for number, act in enumerate(self.acts)
        )
        return "\n".join(["O=$OUTPUT1_STAGING_DIR", *marked, ""])

    def leaves(self, marks: Path) -> dict[str, str]:
        """The files that the successful acts have left."""
        return {name: content for act in self._done(marks) for name, content in act.leaves.items()}

    def spoils(self, marks: Path) -> bool:
        """Whether a successful act spoils the output."""
        return any(act.spoils for act in self._done(marks))

    def _done(self, marks: Path) -> Iterator[Act]:
        return (act for number, act in enumerate(self.acts) if (marks / str(number)).exists())


Make = Callable[[random.Random, int], Act]


def _writes(choice: random.Random, number: int) -> Act:
    path = choice.choice([f"w{number}", f"n{number}/a b/c", f"ü{number}.csv", f"-{number}"])
    script = f'(cd $O && mkdir -p "$(dirname "./{path}")" && echo {number} > "./{path}")'
    return Act(script, {path: f"{number}\n"})


def _hides(choice: random.Random, number: int) -> Act:
    mode = choice.choice(["000", "100", "400", "300"])
    script = f"mkdir $O/h{number} && echo {number} > $O/h{number}/f && chmod {mode} $O/h{number}"
    return Act(script, {f"h{number}/f": f"{number}\n"})


def _closes_a_file(choice: random.Random, number: int) -> Act:
    mode = choice.choice(["000", "200", "111"])
    return Act(f"echo {number} > $O/m{number} && chmod {mode} $O/m{number}", {f"m{number}": f"{number}\n"})


def _digs(choice: random.Random, number: int) -> Act:
    depth = choice.choice([50, 900, 1500])
    return Act(f"mkdir -p $TMPDIR/d{number}/$(printf 'a/%.0s' {{1..{depth}}})")


def _digs_beyond_paths(choice: random.Random, number: int) -> Act:
    length, count = choice.choice([(40, 110), (200, 25)])
    name = "d" * length
    return Act(f"(cd $TMPDIR; for i in {{1..{count}}}; do mkdir {name} && cd {name} || exit; done; touch f)")


def _leaves_too_deep(choice: random.Random, number: int) -> Act:
    depth = choice.choice([520, 900])
    return Act(f"d=$O/t{number}/$(printf 'a/%.0s' {{1..{depth}}}); mkdir -p $d && touch ${{d}}f", spoils=True)


def _chmods(choice: random.Random, _: int) -> Act:
    place = choice.choice(["$O", "$TMPDIR", "$PWD", "$(dirname $TMPDIR)"])
    return Act(f"chmod {choice.choice(['000', '400', '100'])} {place}")


def _links(choice: random.Random, number: int) -> Act:
    target = choice.choice(
        ["/proc/self/environ", "/proc/$PPID/environ", "/no/where", ".", "..", f"x{number}", "/proc/$PPID/mem"]
    )
    return Act(f"ln -s {target} $O/x{number}", spoils=True)


def _links_to_files(_: random.Random, number: int) -> Act:
    return Act(
        f"echo {number} > $TMPDIR/l{number} && ln $TMPDIR/l{number} $O/l{number}",
        {f"l{number}": f"{number}\n"},
    )


def _odd_entries(choice: random.Random, number: int) -> Act:
    script = choice.choice(
        [
            f"mkfifo $O/p{number}",
            rf"touch $O/$'\xff{number}'",
            "python3 -S -c \"import socket; s=socket.socket(1); s.bind('s')\" && mv s $O/",
        ]
    )
    return Act(script, spoils=True)


def _forks(choice: random.Random, number: int) -> Act:
    return Act(
        choice.choice(
            [
                "for i in {1..40}; do (sleep 30 &); done",
                "for i in {1..250}; do (true &); done",
                "/usr/bin/setsid sleep 30 & /usr/bin/setsid -f sleep 30",
                "(/usr/bin/setsid bash -c '/usr/bin/setsid -f sleep 30; exec sleep 30' &)",
                "trap '' TERM HUP INT; (trap '' TERM; while :; do sleep 1; done) &",
                f"python3 -S -c '{FLEEING}' & sleep 0.05",
                "(ulimit -u 400; timeout 0.2 bash -c 'f() { sleep 5 & f; }; f') 2>/dev/null",
            ]
        )
    )


def _limits(choice: random.Random, _: int) -> Act:
    number = choice.choice([0, 3, 9, 64])
    return Act(
        choice.choice(
            [
                f"/usr/bin/prlimit --pid $PPID --nofile={number}:{number}",
                f"/usr/bin/prlimit --pid $PPID --nofile={number}:",
                f"/usr/bin/prlimit --pid $PPID --fsize={number}:{number}",
                "/usr/bin/prlimit --pid $PPID --nproc=1:1",
                "/usr/bin/prlimit --pid $PPID --core=1:1 --stack=1000000:1000000",
                "/usr/bin/prlimit --pid $PPID --as=900000000:900000000",
                "/usr/bin/prlimit --pid $PPID --cpu=600:600",
                "/usr/bin/renice -n 19 -p $PPID",
                "/usr/bin/taskset -p 1 $PPID",
                "ulimit -c 0; umask 000; cd /",
            ]
        )
        + " > /dev/null 2>&1"
    )


def _signals(choice: random.Random, _: int) -> Act:
    name = choice.choice(SIGNALS)
    return Act(
        choice.choice(
            [
                f"kill -{name} $PPID",
                '/usr/bin/setsid bash -c "sleep 0.2; kill -CONT $PPID" & kill -STOP $PPID',
                "for p in $(cat /proc/$PPID/task/*/children); do [ $p = $$ ] || kill -9 $p; done",
            ]
        )
    )


def _ends(choice: random.Random, _: int) -> Act:
    return Act(choice.choice(["kill -9 $$", "kill -SEGV $$", "exit 0", "exit 3", "exec true", "exec false"]))


def _prints(choice: random.Random, _: int) -> Act:
    return Act(
        choice.choice(
            [
                "head -c 300000 /dev/urandom",
                "yes 'a line' | head -n 3000",
                r"printf '\xff\xfe\x00 no end'; printf '\r\r\n\n' >&2",
                """echo '{"_aws": {"CloudWatchMetrics": []}}'; echo 'END RequestId: x'""",
                "exec >&-",
                "exec 2>&-",
                "exec > /dev/full",
            ]
        )
    )


def _removes(choice: random.Random, number: int) -> Act:
    return Act(
        choice.choice(
            [
                "rm -rf $O",
                "rm -rf $O && touch $O",
                f"mv $O $TMPDIR/away{number}",
                "rm -rf $TMPDIR",
                f"mv $TMPDIR $TMPDIR-{number}",
                "rm -rf $(dirname $TMPDIR)/*",
            ]
        ),
        spoils=True,
    )


def _litters(choice: random.Random, number: int) -> Act:
    return Act(
        choice.choice(
            [
                f"touch $(dirname $TMPDIR)/left{number} $HOME/.bashrc",
                f"mkdir -p $(dirname $TMPDIR)/left{number}/a/b; chmod 000 $(dirname $TMPDIR)/left{number}/a",
                "rm -rf $PWD",
                f"ln -s / $(dirname $TMPDIR)/root{number}; ln -s $O $(dirname $TMPDIR)/out{number}",
            ]
        )
    )


ACTS: tuple[tuple[Make, int], ...] = (
    (_writes, 8),
    (_hides, 3),
    (_closes_a_file, 2),
    (_digs, 2),
    (_digs_beyond_paths, 1),
    (_leaves_too_deep, 1),
    (_chmods, 3),
    (_links, 3),
    (_links_to_files, 2),
    (_odd_entries, 2),
    (_forks, 4),
    (_limits, 3),
    (_signals, 2),
    (_ends, 2),
    (_prints, 2),
    (_removes, 2),
    (_litters, 3),
)
"""Acts, and how often each occurs relative to the others."""


def hostile_command(seed: str) -> HostileCommand:
    """The command for this seed."""
    choice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    makes = choice.choices([make for make, _ in ACTS], [often for _, often in ACTS], k=choice.randint(1, 4))
    acts: list[Act] = []
    for number, make in enumerate(makes):
        act = make(choice, number)
        acts.append(act)
        if make is _ends:  # acts after it do not happen
            break
    return HostileCommand(tuple(acts))
