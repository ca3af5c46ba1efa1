"""Clauses on filters: the truth table through every method that takes one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar

from praison_persist.errors import InvalidInputError, UnsupportedFilterError
from praison_persist.filters import matches, parse_filter

from ..running import Handle, refuses
from ..suite import Suite, case, clause
from .build import DOCS, collection, document, documents, found_ids
from .filter_cases import CASES, INVALID, METADATA

__all__ = ["Filtering"]

_QUERY = [1.0, 0.5, 0.25]


class Filtering(Suite):
    """One filter language, the same everywhere.

    Attributes:
        unsupported_filters: names of the cases that this engine cannot evaluate; each must raise
            `UnsupportedFilterError`, and every other case must be exact.
    """

    unsupported_filters: ClassVar[frozenset[str] | set[str]] = frozenset()
    filter_names: ClassVar[frozenset[str]] = frozenset(CASES)

    @clause
    async def test_search_follows_the_truth_table(self, store: Handle) -> None:
        """`search` finds exactly the documents that match, or raises `UnsupportedFilterError`; nothing is ignored."""

        async def search(filters: dict[str, Any]) -> list[str]:
            return sorted([one.id for one in await store.search(DOCS, _QUERY, 1000, filters)])

        await self._check_all(store, search)

    @clause
    async def test_iter_documents_follows_the_truth_table(self, store: Handle) -> None:
        """`iter_documents` gives exactly the documents that match."""

        async def scan(filters: dict[str, Any]) -> list[str]:
            return await found_ids(store, filters=filters)

        await self._check_all(store, scan)

    @clause
    async def test_count_follows_the_truth_table(self, store: Handle) -> None:
        """`count` counts exactly the documents that match."""

        async def count(filters: dict[str, Any]) -> int:
            return await store.count(DOCS, filters)

        await self._check_all(store, count)

    @clause
    async def test_delete_follows_the_truth_table(self, store: Handle) -> None:
        """`delete` deletes exactly the documents that match and says how many; what it cannot evaluate it leaves."""
        everything = _documents()
        some = dict(list(CASES.items())[::3])  # each costs a scan and a write, and the other methods try them all

        async def delete(filters: dict[str, Any]) -> list[str]:
            deleted = await store.delete(DOCS, filters=filters)
            left = set(await found_ids(store))
            gone = [one for one in everything if one.id not in left]
            assert deleted == len(gone), f"delete({filters}) said {deleted}, but {len(gone)} are gone"
            await store.upsert(DOCS, gone)
            return sorted(one.id for one in gone)

        await self._check_all(store, delete, some)
        assert await store.count(DOCS) == len(everything)

    @clause
    async def test_a_filter_that_means_nothing_is_refused(self, store: Handle) -> None:
        """An unknown operator, a wrong operand or too deep a nesting is an `InvalidInputError`; nothing is deleted."""
        await collection(store, documents(3, metadata={"lang": "de"}))
        for label, filters in INVALID.items():
            with case(label):
                for method, args in (("search", (_QUERY, 5)), ("count", ()), ("iter_documents", ())):
                    with refuses(InvalidInputError, why=method):
                        await getattr(store, method)(DOCS, *args, filters=filters)
                with refuses(InvalidInputError, why="delete"):
                    await store.delete(DOCS, filters=filters)
                assert await store.count(DOCS) == 3

    @clause
    async def test_no_filter_matches_everything(self, store: Handle) -> None:
        """None and {} filter nothing in `search`, `count` and `iter_documents`."""
        everything = _documents()
        await collection(store, everything)
        nothing: list[dict[str, Any] | None] = [None, {}]
        for filters in nothing:
            assert len(await store.search(DOCS, _QUERY, 1000, filters)) == len(everything)
            assert await store.count(DOCS, filters) == len(everything)
            assert len(await store.iter_documents(DOCS, filters)) == len(everything)

    async def _check_all(
        self,
        store: Handle,
        ask: Callable[[dict[str, Any]], Coroutine[Any, Any, Any]],
        cases: Mapping[str, dict[str, Any]] = CASES,
    ) -> None:
        everything = _documents()
        await collection(store, everything)
        wrong: list[str] = []
        for name, filters in cases.items():
            condition = parse_filter(filters)
            expected: Any = sorted(one.id for one in everything if matches(condition, one.metadata))
            try:
                found = await ask(filters)
            except UnsupportedFilterError as error:
                if name not in self.unsupported_filters:
                    wrong.append(f"{name}: undeclared {error}")
                continue
            if name in self.unsupported_filters:
                wrong.append(f"{name}: declared as unsupported, but evaluated")
            elif found != (len(expected) if isinstance(found, int) else expected):
                wrong.append(f"{name} {filters!a}: found {found}, not {expected}")
        assert not wrong, f"{len(wrong)} of {len(cases)} cases:\n" + "\n".join(wrong)


def _documents() -> list[Any]:
    return [
        document(f"d{i:02}", embedding=[1.0, i / 64, 1 - i / 64], metadata=metadata)
        for i, metadata in enumerate(METADATA)
    ]
