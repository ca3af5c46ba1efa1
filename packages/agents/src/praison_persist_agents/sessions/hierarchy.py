"""Sessions that are forked from others, snapshots of them, and the way back. Built on `store` alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from praison_persist.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from praison_persist.validation import check_limit

from .portable import PortableMethods, parse_session
from .records import SessionData, check_session_id, now, plain
from .snapshots import SessionSnapshot
from .store import SessionStore

__all__ = ["HierarchyMethods"]


class HierarchyMethods(PortableMethods, SessionStore):
    """Forks, snapshots and reverts for a session store."""

    # -- sessions ------------------------------------------------------------------------------------------------

    def create_session(
        self,
        session_id: str | None = None,
        title: str | None = None,
        parent_id: str | None = None,
        agent_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """A new empty session; its id.

        Args:
            session_id: default: a new UUID.
            parent_id: the session that it belongs to, which must exist.

        Raises:
            AlreadyExistsError: the id is taken; nothing was touched.
            NotFoundError: no such parent.
            InvalidInputError: the session would be its own ancestor.
        """
        new_id = str(uuid.uuid4()) if session_id is None else check_session_id(session_id)
        kept = plain(dict(metadata or {}), "metadata")
        return self._add_child(
            SessionData(new_id, title=title, parent_id=parent_id, agent_name=agent_name, metadata=kept)
        )

    def fork_session(self, session_id: str, from_message_index: int | None = None, title: str | None = None) -> str:
        """A new session that starts with another's messages; its id.

        The fork has the parent's archive, agent, user and metadata, not its children and snapshots. Later messages
        of one do not appear in the other.

        Args:
            from_message_index: the last active message to take, 0 is the first. None, and any index in a session
                without messages, takes them all: forking an empty session gives an empty one.
            title: default: ``"Fork of …"``.

        Raises:
            NotFoundError: no such session.
            InvalidInputError: no message has this index; the error names the valid ones.
        """
        parent = self._existing(session_id, "fork_session", archive=True)
        end = _end(parent, from_message_index)
        compaction = parent.last_compaction
        if compaction is not None and compaction.message_index > end:
            compaction = None  # it sums up messages that the fork does not have
        fork = replace(
            parent,
            session_id=str(uuid.uuid4()),
            messages=parent.messages[:end],
            created_at=now(),
            updated_at=now(),
            last_compaction=compaction,
            gateway_session_id=None,
            runtime_state={},
            parent_id=session_id,
            forked_from_message_id=None if from_message_index is None else str(from_message_index),
            children_ids=[],
            snapshots=[],
            is_shared=False,
            title=title or f"Fork of {parent.title or session_id}",
            metadata={key: value for key, value in parent.metadata.items() if key != "title"},
        )
        return self._add_child(fork)

    def delete_session(self, session_id: str) -> bool:
        """Remove the session; its children move up to its parent. False when there was none."""
        session = self._read(session_id)
        if session is None:
            return super().delete_session(session_id)

        def lift(child: SessionData) -> None:
            if child.parent_id == session_id:
                child.parent_id = session.parent_id

        def adopt(parent: SessionData) -> None:
            kept = [child for child in parent.children_ids if child != session_id]
            parent.children_ids = [*kept, *(child for child in session.children_ids if child not in kept)]

        deleted = super().delete_session(session_id)
        for child_id in session.children_ids:
            self._modify(child_id, lift, "delete_session", create=False)
        if session.parent_id:
            self._modify(session.parent_id, adopt, "delete_session", create=False)
        return deleted

    def get_parent(self, session_id: str) -> str | None:
        """The session that it belongs to, or None."""
        return self.get_session(session_id).parent_id

    def get_children(self, session_id: str) -> list[str]:
        """The sessions that belong to it, oldest first."""
        return [child for child in self.get_session(session_id).children_ids if self.session_exists(child)]

    def get_lineage(self, session_id: str) -> list[str]:
        """The session's ancestors, the first one first, and itself; ``[]`` for an unknown session."""
        return [ancestor.session_id for ancestor in self._ancestors(session_id)][::-1]

    def get_session_tree(self, session_id: str) -> dict[str, Any]:
        """``{"session_id", "title", "message_count", "children": [...]}`` of the session and all below it.

        Raises:
            InvalidInputError: a session is its own ancestor, which only a damaged or edited file can say.
        """
        root = _node(self.get_session(session_id))
        path: list[tuple[str, Iterator[str], dict[str, Any]]] = [
            (session_id, iter(self.get_children(session_id)), root)
        ]
        while path:  # not recursive: a chain of forks may be longer than Python's stack
            _, children, node = path[-1]
            child_id = next(children, None)
            if child_id is None:
                path.pop()
                continue
            if any(child_id == ancestor for ancestor, _, _ in path):
                raise InvalidInputError(f"session {child_id!r} is its own ancestor", operation="get_session_tree")
            child = _node(self.get_session(child_id))
            node["children"].append(child)
            path.append((child_id, iter(self.get_children(child_id)), child))
        return root

    def get_extended_session(self, session_id: str, force_reload: bool = False) -> SessionData:
        """`get_session`; what is read is never cached."""
        return self.get_session(session_id)

    def set_title(self, session_id: str, title: str) -> bool:
        """`rename_session`."""
        return self.rename_session(session_id, title)

    def share_session(self, session_id: str) -> bool:
        """Mark the session as shared; False for an unknown session."""
        return self._mark(session_id, True)

    def unshare_session(self, session_id: str) -> bool:
        """Mark the session as not shared; False for an unknown session."""
        return self._mark(session_id, False)

    def is_shared(self, session_id: str) -> bool:
        """Whether the session is marked as shared."""
        return self.get_session(session_id).is_shared

    # -- snapshots -----------------------------------------------------------------------------------------------

    def create_snapshot(
        self, session_id: str, label: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> str:
        """Keep the transcript as it is now, archive and checkpoint included; the snapshot's id.

        Raises:
            NotFoundError: no such session.
        """
        self._existing(session_id, "create_snapshot")
        snapshot = SessionSnapshot(session_id=session_id, label=label, metadata=plain(dict(metadata or {}), "metadata"))

        def change(session: SessionData) -> str:
            whole = session.to_dict()
            snapshot.message_index = len(session.messages) - 1
            names = ("messages", "archived_messages", "last_compaction")
            snapshot.transcript = {name: whole.get(name) for name in names}
            session.snapshots = [*session.snapshots, snapshot]
            return snapshot.id

        self._modify(session_id, change, "create_snapshot", archive=True, retain=False)
        return snapshot.id

    def get_snapshots(self, session_id: str) -> list[SessionSnapshot]:
        """The session's snapshots, oldest first."""
        return self.get_session(session_id).snapshots

    def revert_to_snapshot(self, session_id: str, snapshot_id: str) -> bool:
        """Bring the transcript back as the snapshot has it; the snapshots stay.

        False for an unknown session or snapshot, and for one of an old release of PraisonAI, which has an index only,
        when that message is not where it was.
        """

        def change(session: SessionData) -> bool:
            snapshot = next((found for found in session.snapshots if found.id == snapshot_id), None)
            if snapshot is None or snapshot.invalidated:
                return False
            if snapshot.transcript is None:
                if snapshot.message_index >= len(session.messages):
                    return False
                _cut(session, snapshot.message_index + 1)
                return True
            then = SessionData.from_dict({"session_id": session_id, **snapshot.transcript})
            session.messages = then.messages
            session.archived_messages = then.archived_messages
            session.last_compaction = then.last_compaction
            return True

        return bool(self._modify(session_id, change, "revert_to_snapshot", create=False, archive=True, retain=False))

    def revert_to_message(self, session_id: str, message_index: int) -> bool:
        """Drop the active messages after this index, 0 being the first; False when no message has it."""
        check_limit(message_index, "message_index")

        def change(session: SessionData) -> bool:
            if message_index >= len(session.messages):
                return False
            _cut(session, message_index + 1)
            return True

        return bool(self._modify(session_id, change, "revert_to_message", create=False))

    # -- import --------------------------------------------------------------------------------------------------

    def import_session(self, data: Mapping[str, Any], new_session_id: str | None = None) -> str:
        """Store one exported session as a new one, without parent and children; its id.

        Args:
            data: a session, or a payload; of a payload its first session.
            new_session_id: default: a new UUID.

        Raises:
            InvalidInputError: there is no session in it.
            AlreadyExistsError: the id is taken.
        """
        records = data.get("sessions", [data])
        session = parse_session(records[0] if records else None)
        session.session_id = str(uuid.uuid4()) if new_session_id is None else check_session_id(new_session_id)
        session.parent_id = session.forked_from_message_id = None
        session.children_ids = []
        return self._insert(session, "import_session")

    # -- inside --------------------------------------------------------------------------------------------------

    def _existing(self, session_id: str, operation: str, *, archive: bool = False) -> SessionData:
        session = self._read(session_id, archive=archive)
        if session is None:
            raise NotFoundError(
                f"session {session_id!r} does not exist", operation=operation, hint="create it with create_session"
            )
        return session

    def _insert(self, session: SessionData, operation: str) -> str:
        if not self._backing.insert(session, overwrite=False):
            raise AlreadyExistsError(f"session {session.session_id!r} exists", operation=operation)
        return session.session_id

    def _add_child(self, session: SessionData) -> str:
        """Store a new session and note it in its parent; a crash in between leaves a child that knows its parent."""
        parent_id = session.parent_id
        if parent_id:
            self._existing(parent_id, "create_session")
            if session.session_id in self.get_lineage(parent_id):
                raise InvalidInputError(f"session {session.session_id!r} would be its own ancestor")
        self._insert(session, "create_session")

        def note(parent: SessionData) -> None:
            if session.session_id not in parent.children_ids:
                parent.children_ids = [*parent.children_ids, session.session_id]

        if parent_id:
            self._modify(parent_id, note, "create_session", create=False)
        return session.session_id

    def _ancestors(self, session_id: str) -> Iterator[SessionData]:
        seen: set[str] = set()
        session = self._read(session_id)
        while session is not None and session.session_id not in seen:
            yield session
            seen.add(session.session_id)
            session = self._read(session.parent_id) if session.parent_id else None

    def _mark(self, session_id: str, shared: bool) -> bool:
        def change(session: SessionData) -> bool:
            session.is_shared = shared
            return True

        return bool(self._modify(session_id, change, "share_session", create=False))


def _end(session: SessionData, index: int | None) -> int:
    """How many messages end with the one of this index."""
    count = len(session.messages)
    if index is None or not count:
        check_limit(index, "from_message_index")
        return count
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < count:
        raise InvalidInputError(
            f"no message has the index {index!r}",
            operation="fork_session",
            hint=f"use 0 to {count - 1}, or None for all {count} messages",
        )
    return index + 1


def _cut(session: SessionData, end: int) -> None:
    session.messages = session.messages[:end]
    if session.last_compaction is not None and session.last_compaction.message_index > end:
        session.last_compaction = None


def _node(session: SessionData) -> dict[str, Any]:
    return {
        "session_id": session.session_id,
        "title": session.title,
        "message_count": len(session.messages),
        "children": [],
    }
