"""Lines from either end, locks, and durable replacement."""

from __future__ import annotations

import io
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from praison_persist.errors import OperationTimeoutError
from praison_persist_json.files import Locks, append, lines_backward, lines_forward, open_to_append, replace
from praison_persist_json.names import folder_name
from praison_persist_testkit.faults import exit_code_of

CONTENTS = st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b"")), max_size=30)


class Counted(io.BytesIO):
    """Counts what is read."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


@given(CONTENTS, st.binary(max_size=20))
def test_both_directions_give_the_complete_lines_with_their_offsets(lines: list[bytes], torn: bytes) -> None:
    torn = torn.replace(b"\n", b"")
    content = b"".join(line + b"\n" for line in lines) + torn
    offsets = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines))]
    expected = list(zip(offsets, lines, strict=True))
    assert list(lines_forward(io.BytesIO(content))) == expected
    assert list(lines_backward(io.BytesIO(content))) == expected[::-1]
    if lines:
        assert list(lines_forward(io.BytesIO(content), offsets[-1])) == expected[-1:]


@pytest.mark.parametrize("length", [1, 8191, 8192, 8193, 300_000, 3_000_000])
def test_lines_longer_than_a_block_are_whole(length: int) -> None:
    lines = [b"a" * length, b"", b"b" * (length + 1)]
    content = b"".join(line + b"\n" for line in lines)
    assert [line for _, line in lines_forward(io.BytesIO(content))] == lines
    assert [line for _, line in lines_backward(io.BytesIO(content))] == lines[::-1]


def test_reading_the_last_lines_costs_the_same_however_long_the_file_is() -> None:
    def cost(lines: int) -> int:
        file = Counted(b"".join(b"%0100d\n" % number for number in range(lines)))
        last = lines_backward(file)
        assert [int(next(last)[1]) for _ in range(20)] == list(range(lines - 1, lines - 21, -1))
        return file.taken

    assert cost(1_000) == cost(100_000)


def test_reading_backward_takes_little_more_than_what_is_asked_for() -> None:
    file = Counted(b"".join(b"%0100d\n" % number for number in range(100_000)))
    last = lines_backward(file)
    for _ in range(500):
        next(last)
    assert file.taken < 3 * 500 * 101


def test_a_replacement_that_fails_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    replace(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_append_that_fails_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one\n")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with open_to_append(path) as file, pytest.raises(OSError, match="No space"):
        append(file, 4, b"two\n")
    assert path.read_bytes() == b"one\n"


def test_appending_does_not_create_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_to_append(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()


@pytest.mark.skipif(os.name != "posix", reason="permission bits are POSIX")
def test_files_are_private(tmp_path: Path) -> None:
    replace(tmp_path / "file", b"")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def _hold(directory: Path, held: Any, release: Any) -> None:
    with Locks(directory, 10.0)("name"):
        held.set()
        release.wait(30)


def test_a_lock_held_by_another_process_is_waited_for_until_the_deadline(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(tmp_path, held, release))
    process.start()
    try:
        assert held.wait(30)
        with pytest.raises(OperationTimeoutError, match="not free within"), Locks(tmp_path, 0.05)("name"):
            pytest.fail("two holders")
    finally:
        release.set()
        process.join(30)
    with Locks(tmp_path, 10.0)("name"):
        pass


def test_two_lock_tables_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    with Locks(tmp_path, 10.0)("name"), pytest.raises(OperationTimeoutError), Locks(tmp_path, 0.05)("name"):
        pytest.fail("two holders")


def test_a_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    locks = Locks(tmp_path, 1.0)
    with pytest.raises(KeyError), locks("name"):
        raise KeyError
    with locks("name"):
        pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_lock_held_while_forking_is_free_in_the_child_once_the_parent_gives_it_up(tmp_path: Path) -> None:
    locks = Locks(tmp_path, 20.0)
    with locks("name"):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                with locks("name"):
                    status = 0
            finally:
                os._exit(status)
    assert exit_code_of(pid) == 0


IDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=255)


@given(IDS, IDS)
def test_different_ids_have_different_folders_on_any_file_system(one: str, other: str) -> None:
    names = folder_name(one), folder_name(other)
    for name in names:
        assert name.isascii()
        assert name == name.lower()
        assert 1 <= len(name) <= 160
        assert not set(name) & set('./\\:*?"<>| ')
    assert (names[0] == names[1]) is (one == other)


@pytest.mark.parametrize(
    "ids",
    [
        ["a", "A", "%61", "a ", " a", "ａ"],
        ["é", "e\u0301", "É"],
        ["a/b", "a:b", "a b", "a.b", "a_b", "a%2fb"],
        ["con", "CON", "%63on", "con.json"],
        ["x" * 255, "x" * 254 + "y", "X" * 255, "ä" * 255],
        ["..", ".", ".locks", "_sessions_index"],
    ],
)
def test_lookalike_ids_have_different_folders(ids: list[str]) -> None:
    assert len({folder_name(id_) for id_ in ids}) == len(ids)


def test_no_folder_is_named_like_a_device() -> None:
    assert not {folder_name(name) for name in ("con", "nul", "com1", "lpt9")} & {"con", "nul", "com1", "lpt9"}
