"""Conversation stores with one fault each; the kit must catch every one. See test_mutants.py."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from praison_persist.aio import async_view
from praison_persist.conversation import AsyncConversationStore, ConversationMessage, ConversationSession, same_body
from praison_persist.errors import AlreadyExistsError, ConflictError, NotFoundError, PersistError
from praison_persist_memory import MemoryConversationStore as Correct


class OldestInsteadOfNewest(Correct):
    def get_messages(self, session_id, limit=None, before=None, after=None):
        found = super().get_messages(session_id, None, before, after)
        return found if limit is None else found[:limit] if limit > 0 else super().get_messages(session_id, limit)


class LimitZeroIsAll(Correct):
    def get_messages(self, session_id, limit=None, before=None, after=None):
        return super().get_messages(session_id, limit or None, before, after)


class NegativeLimitIsAll(Correct):
    def get_messages(self, session_id, limit=None, before=None, after=None):
        return super().get_messages(session_id, None if limit == -1 else limit, before, after)


class ZeroIsNoBound(Correct):
    def get_messages(self, session_id, limit=None, before=None, after=None):
        return super().get_messages(session_id, limit, before or None, after or None)


class OrderByClock(Correct):
    def get_messages(self, session_id, limit=None, before=None, after=None):
        found = sorted(super().get_messages(session_id, None, before, after), key=lambda item: item.created_at)
        return found if limit is None else found[len(found) - min(limit, len(found)) :]


class TiesById(Correct):
    def get_messages(self, session_id, limit=None, before=None, after=None):
        found = super().get_messages(session_id, limit, before, after)
        same_time = len({item.created_at for item in found}) == 1
        return sorted(found, key=lambda item: item.id) if same_time else found


class BatchIsALoop(Correct):
    def add_messages(self, session_id, messages: Sequence[ConversationMessage]):
        return [self.add_message(session_id, message) for message in messages]


class LosesNul(Correct):
    def add_message(self, session_id, message):
        if isinstance(message, ConversationMessage) and isinstance(message.content, str):
            message.content = message.content.replace("\x00", "")
        return super().add_message(session_id, message)


class ReplacesSurrogates(Correct):
    def get_messages(self, *args, **kwargs):
        found = super().get_messages(*args, **kwargs)
        for message in found:
            if isinstance(message.content, str):
                message.content = message.content.encode("utf-8", "replace").decode()
        return found


class EmptyBecomesNone(Correct):
    def get_session(self, session_id):
        found = super().get_session(session_id)
        if found is not None:
            found.state, found.metadata = found.state or None, found.metadata or None
        return found


class NumbersBecomeFloats(Correct):
    def get_messages(self, *args, **kwargs):
        found = super().get_messages(*args, **kwargs)
        for message in found:
            if message.metadata:
                message.metadata = {k: 1.0 if v == 1 and v is not True else v for k, v in message.metadata.items()}
        return found


class UpdateIgnoresOwner(Correct):
    def update_session(self, session):
        known = self.get_session(session.session_id) if isinstance(session, ConversationSession) else None
        if known is not None:
            session.user_id = known.user_id
        return super().update_session(session)


class UpdateCreates(Correct):
    def update_session(self, session):
        try:
            return super().update_session(session)
        except NotFoundError:
            return super().create_session(session)


class CreateOverwrites(Correct):
    def create_session(self, session):
        try:
            return super().create_session(session)
        except AlreadyExistsError:
            self.delete_session(session.session_id)
            return super().create_session(session)


class EmptyListDeletesAll(Correct):
    def delete_messages(self, session_id, message_ids=None):
        return super().delete_messages(session_id, message_ids or None)


class CountsWhatWasAsked(Correct):
    def delete_messages(self, session_id, message_ids=None):
        deleted = super().delete_messages(session_id, message_ids)
        return deleted if message_ids is None else len(message_ids)


class FoldsCase(Correct):
    def get_session(self, session_id):
        return super().get_session(session_id.lower() if isinstance(session_id, str) else session_id)

    def create_session(self, session):
        given, session.session_id = session.session_id, getattr(session, "session_id", "").lower()
        try:
            return super().create_session(session)
        finally:
            session.session_id = given


class StoresRetriesTwice(Correct):
    def add_message(self, session_id, message):
        try:
            known = [item for item in self.get_messages(session_id) if item.id == message.id]
        except (PersistError, AttributeError):
            known = []
        if known and same_body(known[0], message):
            super().add_message(session_id, ConversationMessage(role=message.role, content=message.content))
        return super().add_message(session_id, message)


class OverwritesConflicts(Correct):
    def add_message(self, session_id, message):
        try:
            return super().add_message(session_id, message)
        except ConflictError:
            self.delete_messages(session_id, [message.id])
            return super().add_message(session_id, message)


class SwallowsErrors(Correct):
    def add_message(self, session_id, message):
        try:
            return super().add_message(session_id, message)
        except NotFoundError:
            return message


class CreatesUnknownSessions(Correct):
    def add_message(self, session_id, message):
        try:
            return super().add_message(session_id, message)
        except NotFoundError:
            self.create_session(ConversationSession(session_id=session_id))
            return super().add_message(session_id, message)


class SharesObjects(Correct):
    def __init__(self) -> None:
        super().__init__()
        self._live: dict[str, ConversationSession] = {}

    def get_session(self, session_id):
        found = super().get_session(session_id)
        return None if found is None else self._live.setdefault(session_id, found)


class UpsertRaces(Correct):
    def upsert_session(self, session):
        if self.get_session(session.session_id) is None:
            time.sleep(0.005)
            return self.create_session(session)
        return self.update_session(session)


class ListsFirstHundred(Correct):
    def list_sessions(self, user_id=None, agent_id=None, limit=100, offset=0):
        return super().list_sessions(user_id, agent_id, 100 if limit is None else limit, offset)


class EmptyOwnerIsAny(Correct):
    def list_sessions(self, user_id=None, agent_id=None, limit=100, offset=0):
        return super().list_sessions(user_id or None, agent_id or None, limit, offset)


class NeverCloses(Correct):
    def close(self):
        pass


class CloseTwiceFails(Correct):
    open = True

    def close(self):
        if not self.open:
            raise RuntimeError("closed already")
        self.open = False
        super().close()


class ConstructorConnects(Correct):
    def __init__(self) -> None:
        super().__init__()
        Path(__file__).read_bytes()


class LeaksAThread(Correct):
    def __init__(self) -> None:
        super().__init__()
        threading.Thread(target=time.sleep, args=(8,), daemon=True).start()


class LeaksADescriptor(Correct):
    def get_session(self, session_id):
        os.open(__file__, os.O_RDONLY)
        return super().get_session(session_id)


class Hangs(Correct):
    def get_session(self, session_id):
        time.sleep(5)
        return super().get_session(session_id)


class ShowsSecrets(Correct):
    def __repr__(self) -> str:
        return "ShowsSecrets(url='db://user:hunter2@host')"


class NamesNoOperation(Correct):
    def add_message(self, session_id, message):
        try:
            return super().add_message(session_id, message)
        except PersistError as error:
            error.operation = None
            raise


class AwaitableFromSync(Correct):
    def get_session(self, session_id):
        async def found():
            return Correct.get_session(self, session_id)

        return found()


class RawErrors(Correct):
    def create_session(self, session):
        try:
            return super().create_session(session)
        except AlreadyExistsError as error:
            raise KeyError(session.session_id) from error


class Async(AsyncConversationStore):
    """A correct async store, to be broken below."""

    backend = "memory"

    def __init__(self) -> None:
        self.inner = async_view(Correct())

    async def setup(self):
        await self.inner.setup()

    async def create_session(self, session):
        return await self.inner.create_session(session)

    async def get_session(self, session_id):
        return await self.inner.get_session(session_id)

    async def update_session(self, session):
        return await self.inner.update_session(session)

    async def upsert_session(self, session):
        return await self.inner.upsert_session(session)

    async def delete_session(self, session_id):
        return await self.inner.delete_session(session_id)

    async def list_sessions(self, user_id=None, agent_id=None, limit=100, offset=0):
        return await self.inner.list_sessions(user_id, agent_id, limit, offset)

    async def add_message(self, session_id, message):
        return await self.inner.add_message(session_id, message)

    async def add_messages(self, session_id, messages):
        return await self.inner.add_messages(session_id, messages)

    async def get_messages(self, session_id, limit=None, before=None, after=None):
        return await self.inner.get_messages(session_id, limit, before, after)

    async def delete_messages(self, session_id, message_ids=None):
        return await self.inner.delete_messages(session_id, message_ids)

    async def close(self):
        await self.inner.close()


class ForgetsAwait(Async):
    async def add_message(self, session_id, message):
        self.inner.add_message(session_id, message)
        message.session_id = session_id
        return message


class FiresAndForgets(Async):
    tasks: set[Any] = set()  # noqa: RUF012

    async def add_message(self, session_id, message):
        task = asyncio.create_task(self.inner.add_message(session_id, message))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        message.session_id = session_id
        return message


class BlocksTheLoop(Async):
    async def add_messages(self, session_id, messages):
        time.sleep(1.2)  # noqa: ASYNC251 - the fault
        return await super().add_messages(session_id, messages)


class CancelledBatchIsTorn(Async):
    async def add_messages(self, session_id, messages):
        for message in messages:
            await self.inner.add_message(session_id, message)
            await asyncio.sleep(0.001)
        return messages


class BoundToItsLoop(Async):
    loop: Any = None

    async def add_message(self, session_id, message):
        self.loop = self.loop or asyncio.get_running_loop()
        if self.loop is not asyncio.get_running_loop():
            raise RuntimeError("attached to a different loop")
        return await super().add_message(session_id, message)


class LeavesATask(Async):
    async def create_session(self, session):
        self.task = asyncio.create_task(asyncio.sleep(30))
        return await super().create_session(session)


MUTANTS: dict[type, str] = {
    OldestInsteadOfNewest: "test_limit_gives_the_newest_in_chronological_order",
    LimitZeroIsAll: "test_limit_gives_the_newest_in_chronological_order",
    NegativeLimitIsAll: "test_a_limit_is_none_or_a_natural_number",
    ZeroIsNoBound: "test_bounds_are_strict_and_zero_is_a_bound",
    OrderByClock: "test_order_is_insertion_order",
    TiesById: "test_iter_messages_gives_all_oldest_first or test_a_batch_is_appended_in_order or test_order",
    BatchIsALoop: "test_a_bad_message_keeps_the_whole_batch_out",
    LosesNul: "test_content_comes_back_exactly",
    ReplacesSurrogates: "test_content_comes_back_exactly",
    EmptyBecomesNone: "test_state_and_metadata_keep_what_they_were_given or test_a_session_comes_back_whole",
    NumbersBecomeFloats: "test_metadata_comes_back_with_its_types",
    UpdateIgnoresOwner: "test_update_replaces_every_field",
    UpdateCreates: "test_updating_a_missing_session_is_refused",
    CreateOverwrites: "test_creating_an_existing_session_touches_nothing",
    EmptyListDeletesAll: "test_deleting_an_empty_list_deletes_nothing",
    CountsWhatWasAsked: "test_deleting_named_messages_counts_what_was_there",
    FoldsCase: "test_session_ids_are_exact",
    StoresRetriesTwice: "test_a_retry_stores_one_message",
    OverwritesConflicts: "test_the_same_id_with_another_body_is_a_conflict",
    SwallowsErrors: "test_adding_to_an_unknown_session_is_refused",
    CreatesUnknownSessions: "test_adding_to_an_unknown_session_is_refused",
    SharesObjects: "test_a_stored_session_is_no_shared_object",
    UpsertRaces: "test_upsert_is_atomic",
    ListsFirstHundred: "test_listing_gives_a_hundred_without_a_limit_given",
    EmptyOwnerIsAny: "test_sessions_are_listed_by_owner",
    NeverCloses: "test_any_call_after_close_is_a_closed_error",
    CloseTwiceFails: "test_close_twice_is_fine",
    ConstructorConnects: "test_constructors_do_no_io",
    LeaksAThread: "test_a_session_comes_back_whole",
    LeaksADescriptor: "test_a_session_comes_back_whole",
    Hangs: "test_a_session_comes_back_whole",
    ShowsSecrets: "test_secrets_never_show",
    NamesNoOperation: "test_errors_name_their_backend_and_operation",
    AwaitableFromSync: "test_a_session_comes_back_whole",
    RawErrors: "test_creating_an_existing_session_touches_nothing",
    ForgetsAwait: "test_add_message_returns_its_argument_with_the_session_set",
    FiresAndForgets: "test_add_message_returns_its_argument_with_the_session_set",
    BlocksTheLoop: "test_the_event_loop_is_never_blocked",
    CancelledBatchIsTorn: "test_a_cancelled_batch_is_whole_or_absent",
    BoundToItsLoop: "test_event_loops_may_follow_each_other",
    LeavesATask: "test_a_session_comes_back_whole",
}
