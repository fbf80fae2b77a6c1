"""How far a copy of many objects has come: what the next invocation goes on from.

By the last object and not by a number: objects may come and go in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data_nodes.stored_object import StoredObject


@dataclass(frozen=True)
class Progress:
    """``after`` is the last object that was copied: its key, or in a manifest its URI."""

    objects: int = 0
    after: str = ""
    manifest: str = ""
    """The ETag of the manifest, to know that it is still the same."""
    begun: tuple[str, ...] = ()
    """The keys before ``after``, and itself, whose name with ``.gz`` at the end may still come.

    In the order of keys, what is between a key and the same with ``.gz`` begins with that key: so each of
    these is the beginning of the next. There are few, whatever the number of objects.
    """

    @classmethod
    def of(cls, state: Mapping[str, Any] | None) -> Progress:
        """Of a deferred task's state; of None, that of a copy that begins."""
        if state is None:
            return cls()
        after = state["after"]
        begun = tuple(after[:length] for length in state.get("begun", ()))
        return cls(state["objects"], after, state.get("manifest", ""), begun)

    def as_state(self) -> dict[str, Any]:
        """What ``of`` reads: JSON of a few kilobytes at most, since a key has 1,024 bytes."""
        begun = [len(key) for key in self.begun]
        return {"objects": self.objects, "after": self.after, "manifest": self.manifest, "begun": begun}

    def taken(self, key: str) -> bool:
        """Whether the object of this key would get the name of one that was copied, without its ``.gz``."""
        return key.endswith(".gz") and key.removesuffix(".gz") in self.begun

    def with_listed(self, stored: StoredObject) -> Progress:
        """After one more object of a directory."""
        key = stored.uri.key
        begun = (*(before for before in self.begun if key.startswith(before)), key)
        return Progress(self.objects + 1, key, self.manifest, begun)

    def with_entry(self, stored: StoredObject, manifest: str) -> Progress:
        """After one more entry of the manifest with this ETag."""
        return Progress(self.objects + 1, str(stored.uri), manifest)
