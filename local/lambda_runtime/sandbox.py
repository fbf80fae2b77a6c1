"""What all execution environments share on this machine: an interpreter, programs, and a user."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local.lambda_runtime.image import can_hide, link_programs
from local.lambda_runtime.managed_runtime import ManagedRuntime
from local.lambda_runtime.sandbox_user import choose
from local.processes.tree import User

MORE = (
    "functions find /dev/fd, /dev/shm and this machine's time zones, which Lambda does not have: only root "
    "on Linux may hide them, where it may mount"
)


@dataclass(frozen=True)
class Sandbox:
    """None: the user that runs local AWS."""

    runtime: ManagedRuntime
    user: User | None
    programs: Path
    """A directory with the image's programs, as far as this machine has them."""
    view: Path | None
    """Where Lambda's view of /dev is set up (see local/processes/mounts.py); None if that is impossible."""
    why_root: str | None = None
    """Why functions run as root, if they do."""

    @property
    def why_more(self) -> str | None:
        """Why functions see more of this machine than on Lambda, if they do."""
        return None if self.view else MORE


def create_sandbox(directory: Path) -> Sandbox:
    """Lay it out under ``directory``.

    Raises importlib.metadata.PackageNotFoundError if a distribution of the managed runtime is not installed.
    """
    chosen = choose(directory)
    view = directory / "dev"
    return Sandbox(
        runtime=chosen.runtime,
        user=chosen.user,
        programs=link_programs(directory / "usr" / "bin"),
        view=view if can_hide(view) else None,
        why_root=chosen.why_root,
    )
