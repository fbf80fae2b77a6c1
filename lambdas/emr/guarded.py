"""Steps that run programs of bash on the primary node, and leave nothing running when they are canceled.

EMR management guide, "Cancel steps": SEND_INTERRUPT sends SIGTERM to the step's child process alone,
TERMINATE_PROCESS kills it and its descendants, and neither ends what runs asynchronously, such as
applications on YARN. The child process may be EMR's launcher, which passes nothing on. So a watcher that is
no descendant of the step notices when this process or its parent ends early. It ends the work's process
group, and the applications with the task's tag (YARN commands, ``-appTags``, of Hadoop 3; YARN's REST API).

Arguments are not empty and have ASCII characters only, because nothing says that EMR and the Java programs on
the way hand on others. And a locale with UTF-8 is chosen: Java programs read files and arguments by it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from emr import streaming
from emr.naming import Names
from emr.steps import COMMAND_RUNNER, Step
from runner.task import Task

_WATCH = r"""
alive() { kill -0 "$1" || [ -d "/proc/$1" ]; }
while alive "$1" && alive "$2"; do sleep 1; done
if [ ! -e "$4/ended" ]; then
  kill -- "-$3"
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 -- "-$3" || break; sleep 1; done
  kill -9 -- "-$3"
  states=NEW,NEW_SAVING,SUBMITTED,ACCEPTED,RUNNING
  { yarn application -list -appTags "$5" -appStates $states ||
    curl -s "http://$(hostname -f):8088/ws/v1/cluster/apps?applicationTags=$5&states=$states"
  } | grep -o "application_[0-9]*_[0-9]*" | sort -u | while read -r id; do yarn application -kill "$id"; done
fi
rm -rf "$4"
"""

_RUN = r"""
tag=$1; shift
words=()
for word; do
  case $word in
    @*) text=$(base64 -d <<< "${word:1}" && echo .); words+=("${text%.}");;
    *) words+=("${word:1}");;
  esac
done
for name in C.UTF-8 en_US.UTF-8; do
  if [ "$(LC_ALL=$name locale charmap 2> /dev/null)" = UTF-8 ]; then export LC_ALL=$name; break; fi
done
directory=$(mktemp -d) || exit
set -m
work "${words[@]}" < /dev/null &
set +m
($(command -v setsid) bash -c 'WATCH' watch $$ $PPID $! "$directory" "$tag" < /dev/null > /dev/null 2>&1 &)
wait $!
status=$?
touch "$directory/ended"
exit $status
""".replace("WATCH", _WATCH)


def guarded(task: Task, work: str, words: Sequence[str], *, what: str) -> Step:
    """The step that runs ``work`` with ``words`` as its arguments.

    ``work`` is the body of a function of bash. It finds an empty directory in ``$directory``, which is
    removed after it, and the tag for its applications on YARN in ``$tag``.
    """
    program = f"work() {{\n{work.strip()}\n}}{_RUN}"
    arguments = ("bash", "-c", program, what, tag(task), *map(_argument, words))
    encoded = tuple(word for word in words if not word.isascii())
    return Step(COMMAND_RUNNER, arguments, what=what, encoded=encoded)


def guard(task: Task, step: Step) -> Step:
    """``step``; if it runs a program by command-runner.jar, then with a guard, and with the task's tag.

    Spark configuration, ``spark.yarn.tags``; mapred-default.xml, ``mapreduce.job.tags``.
    """
    if step.jar != COMMAND_RUNNER or not step.arguments:
        return step
    program, *words = step.arguments
    tags = {
        "spark-submit": ("--conf", f"spark.yarn.tags={tag(task)}"),
        streaming.PROGRAM: ("-D", f"mapreduce.job.tags={tag(task)}"),
    }
    return guarded(task, '"$@"', [program, *tags.get(program, ()), *words], what=step.what)


def tag(task: Task) -> str:
    """The tag of the applications that a task starts on YARN."""
    names = Names.of(task)
    return f"dp-{names.instance}-{names.attempt}"


def _argument(word: str) -> str:
    if word.isascii():
        return f"={word}"
    return f"@{base64.b64encode(word.encode()).decode()}"
