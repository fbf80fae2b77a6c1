"""The progress of a copy of many objects, from which the next invocation continues.

It is kept as the last object instead of a number, because objects may come and go meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data_nodes.stored_object import StoredObject
from runner.versions import known_state, versioned


@dataclass(frozen=True)
class Progress:
    """``after`` is the last object copied: its key, or its URI if there is a manifest."""

    objects: int = 0
    after: str = ""
    manifest: str = ""
    """The manifest's ETag, which shows whether it is still the same."""
    begun: tuple[str, ...] = ()
    """``after`` and the keys before it for which the key plus ``.gz`` may still come.

    Keys come in order. All keys between a key and the same key plus ``.gz`` start with that key, so each of
    these is a prefix of the next. There are few of them, whatever the number of objects.
    """

    @classmethod
    def of(cls, state: Mapping[str, Any] | None) -> Progress:
        """From a deferred task's state. None means that the copy begins. Raises TaskFailed."""
        if state is None:
            return cls()
        state = known_state(state)
        after = state["after"]
        begun = tuple(after[:length] for length in state.get("begun", ()))
        return cls(state["objects"], after, state.get("manifest", ""), begun)

    def as_state(self) -> dict[str, Any]:
        """The state that ``of`` reads: at most a few kilobytes of JSON, since a key has up to 1,024 bytes."""
        begun = [len(key) for key in self.begun]
        return versioned(
            {"objects": self.objects, "after": self.after, "manifest": self.manifest, "begun": begun}
        )

    def collides(self, key: str) -> bool:
        """Whether the key without its ``.gz`` is that of an object that was already copied."""
        return key.endswith(".gz") and key.removesuffix(".gz") in self.begun

    def with_listed(self, stored: StoredObject) -> Progress:
        """The progress after another object of a directory."""
        key = stored.uri.key
        begun = (*(before for before in self.begun if key.startswith(before)), key)
        return Progress(self.objects + 1, key, self.manifest, begun)

    def with_entry(self, stored: StoredObject, manifest: str) -> Progress:
        """The progress after another entry of the manifest with this ETag."""
        return Progress(self.objects + 1, str(stored.uri), manifest)
