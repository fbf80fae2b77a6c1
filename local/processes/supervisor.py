"""The first two processes of a process tree, which take everything below down with them.

    supervisor.py USER FILES VIEW DEVICE...

USER is the user that the program runs as, `UID:GID`; FILES is how many files it may have open; VIEW is where
its view of /dev with these devices is set up (see mounts.py). `-` keeps the caller's. Standard input first
describes the program: 8 bytes of length, and then in that many bytes the number of arguments, the arguments,
and the variables as NAME=VALUE, separated by null characters. (Arguments of the supervisors could be read by
everybody, and killing the program by its name would hit the supervisors too.) After that it is a lifeline: it
ends when the process that started this one does, however that happens.

An execution environment of Lambda is a virtual machine: nothing of it outlives it. Here, a command may have
left its session and lost its parents. So an outer and an inner supervisor both adopt orphans (Linux:
prctl(2), PR_SET_CHILD_SUBREAPER), and the program is the inner one's child. When its child or its lifeline
has ended, each supervisor ends everything below it, and then itself the way its child ended. Whichever of
these processes is killed, another is left to clean up. Where orphans cannot be adopted (macOS), processes
that have lost all their parents stay.

It runs isolated (`python -I -S`) with an empty environment, so that no setting of the program reaches it.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

if __name__ == "__main__":
    # pathlib loads slowly.
    above = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    while os.path.exists(f"{above}/__init__.py"):  # noqa: PTH110
        above = os.path.dirname(above)  # noqa: PTH120
    sys.path.append(above)

from local.processes.descendants import descendants, send

_LIFELINE = 0
_GIVE_UP_SECONDS = 10.0
"""A process that cannot be killed in this time belongs to the kernel or to another user."""
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    limits = sys.argv[1:]
    argv, environment = _read_program()
    _prctl(_PR_SET_NAME, b"supervisor")
    signal.signal(signal.SIGCHLD, lambda *_: None)
    inner_lifeline, held = os.pipe()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    inner = os.fork()
    if inner:
        _end_like(_supervise(inner, _LIFELINE))
    os.close(held)
    os.setsid()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    supervisor = os.getpid()
    program = os.fork()
    if program:
        _end_like(_supervise(program, inner_lifeline))
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _limit(*limits)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # Changing the user would reset it.
        for number in (signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        if os.getppid() == supervisor:
            os.execve(argv[0], argv, environment)  # noqa: S606 - no shell, on purpose
    except OSError as error:
        os.write(2, f"{argv[0]} cannot be started: {error}\n".encode())
    os._exit(126)


def _limit(user: str, files: str, view: str, *devices: str) -> None:
    import resource

    if view != "-":
        from local.processes.mounts import hide

        hide(view, devices)
    if files != "-":
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        few = int(files) if most == resource.RLIM_INFINITY else min(int(files), most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, few))
    if user != "-":
        uid, gid = map(int, user.split(":"))
        os.umask(0o022)
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def _supervise(child: int, lifeline: int) -> int:
    """Wait until the child or the lifeline ends, then end everything below. Returns a wait status."""
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    silent = os.open(os.devnull, os.O_RDWR)
    for standard in {0, 1, 2} - {lifeline}:
        os.dup2(silent, standard)
    status = None
    while status is None:
        status = _reap().get(child)
        if status is None:
            ready, _, _ = select.select([lifeline, reading], [], [])
            if lifeline in ready and not os.read(lifeline, 4096):
                break
            if reading in ready:
                os.read(reading, 4096)
    ended = _end_all_below()
    return status if status is not None else ended.get(child, signal.SIGKILL)


def _end_all_below() -> dict[int, int]:
    """Kill until no child is left: orphans become children. Returns their wait statuses."""
    ended: dict[int, int] = {}
    killed: set[int] = set()
    until = time.monotonic() + _GIVE_UP_SECONDS
    while time.monotonic() < until:
        try:
            ended |= _reap()
        except ChildProcessError:
            break
        left = descendants(os.getpid())
        for pid in left:
            send(pid, signal.SIGKILL)
        if killed.issuperset(left):
            time.sleep(0.001)
        killed.update(left)
    return ended


def _reap() -> dict[int, int]:
    """The wait statuses of children that have ended. Raises ChildProcessError if there are no children."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            if ended:
                return ended
            raise
        if pid == 0:
            return ended
        ended[pid] = status


def _end_like(status: int) -> None:
    if os.WIFSIGNALED(status):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = os.WTERMSIG(status)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1)


def _read_program() -> tuple[list[str], dict[str, str]]:
    count, *words = os.fsdecode(_read(int.from_bytes(_read(8), "big"))).split("\0")
    variables = (word.partition("=") for word in words[int(count) :])
    return words[: int(count)], {name: value for name, _, value in variables}


def _read(length: int) -> bytes:
    found = b""
    while len(found) < length:
        more = os.read(_LIFELINE, length - len(found))
        if not more:
            os._exit(1)
        found += more
    return found


def _prctl(option: int, value: int | bytes) -> None:
    if sys.platform == "linux":
        import ctypes

        first = ctypes.c_char_p(value) if isinstance(value, bytes) else ctypes.c_ulong(value)
        rest = [ctypes.c_ulong(0)] * 3
        if ctypes.CDLL(None, use_errno=True).prctl(option, first, *rest) != 0:
            raise OSError(ctypes.get_errno(), f"prctl({option}, {value!r})")


if __name__ == "__main__":
    main()
