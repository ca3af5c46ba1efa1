"""Every command says what went wrong and what to do next, ends with the right code, and never shows a password."""

import json
import re
import signal
import time

import pytest

from praison_persist import CONVERSATION_STORES, ConversationMessage, ConversationSession

DEAD = "postgresql://me:s3cr@tpw@127.0.0.1:9/app"
NO_WAIT = ("--option", "max_retries=0")


@pytest.fixture
def url(tmp_path):
    with CONVERSATION_STORES.create("sqlite", path=tmp_path / "a.db") as store:
        for name in ("one", "two"):
            store.create_session(ConversationSession(name, created_at=1e9, updated_at=1e9))
            store.add_message(name, ConversationMessage(role="user", content="hello \x1b[2J", created_at=1e9))
    return f"sqlite:///{tmp_path}/a.db"


FAILING = {
    "doctor dead": ("doctor", "--state-url", DEAD, "--timeout", "3"),
    "doctor unknown scheme": ("doctor", "--conversation-url", "typo://u:s3cr@tpw@h/d"),
    "doctor nothing": ("doctor",),
    "doctor missing file": ("doctor", "--conversation-url", "sqlite:///nosuch.db"),
    "list dead": ("sessions", "list", "--conversation-url", DEAD, *NO_WAIT),
    "list missing file": ("sessions", "list", "--conversation-url", "sqlite:///nosuch.db"),
    "show unknown": ("sessions", "show", "nosuch", "--conversation-url", "URL"),
    "delete unknown": ("sessions", "delete", "nosuch", "--conversation-url", "URL"),
    "resume unknown": ("resume", "--session-id", "nosuch", "--conversation-url", "URL"),
    "run without client": ("run", "x", "--conversation-url", "URL"),
    "export dead": ("export", "--conversation-url", DEAD, *NO_WAIT),
    "export unknown session": ("export", "--conversation-url", "URL", "--session-id", "nosuch"),
    "export no directory": ("export", "--conversation-url", "URL", "-o", "no/such/x.jsonl"),
    "import missing file": ("import", "nosuch.jsonl", "--conversation-url", "URL"),
    "copy missing source": ("copy", "sqlite:///nosuch.db", "sqlite:///b.db", "--kind", "conversation"),
    "copy dead destination": ("copy", "URL", DEAD, "--kind", "conversation", "--dst-option", "max_retries=0"),
    "migrate dead": ("migrate", "status", "--conversation-url", DEAD, *NO_WAIT),
    "migrate without schema": ("migrate", "up", "--conversation-url", "memory://"),
    "purge dead": ("purge", "--older-than", "1d", "--conversation-url", DEAD, *NO_WAIT),
}
WRONG = {
    "no such command": ("nosuch",),
    "no such option": ("doctor", "--nosuch"),
    "missing argument": ("copy", "sqlite:///a.db"),
    "extra argument with a password": ("backends", DEAD),
    "no store": ("sessions", "list"),
    "no kind": ("copy", "sqlite:///a.db", "sqlite:///b.db"),
    "kind of neither": ("copy", "json:///tmp", "qdrant://h"),
    "wrong kind": ("export", "--kind", "nosuch"),
    "wrong age": ("purge", "--older-than", "soon", "--conversation-url", "URL"),
    "unconfirmed purge": ("purge", "--older-than", "1d", "--conversation-url", "URL"),
    "wrong policy": ("copy", "URL", "sqlite:///b.db", "--kind", "conversation", "--on-conflict", "nosuch"),
    "same store": ("copy", "URL", "URL", "--kind", "conversation"),
    "wrong option": ("sessions", "list", "--conversation-url", "URL", "--option", "table_prefx=x"),
    "malformed option": ("sessions", "list", "--conversation-url", "URL", "--option", "password"),
    "names of another kind": ("export", "--conversation-url", "URL", "--collection", "c"),
    "empty prompt": ("run", " ", "--conversation-url", "URL"),
    "several stores": ("export", "--conversation-url", "URL", "--state-url", "URL"),
}


@pytest.mark.parametrize("json_wanted", [False, True], ids=["text", "json"])
@pytest.mark.parametrize(
    ("code", "arguments"),
    [(1, a) for a in FAILING.values()] + [(2, a) for a in WRONG.values()],
    ids=[*FAILING, *WRONG],
)
def test_every_failure_has_its_code_and_names_the_next_step(cli, url, code, arguments, json_wanted):
    done = cli(*(url if part == "URL" else part for part in arguments), *(["--json"] if json_wanted else []))
    assert done.code == code, done
    shown = done.out + done.err
    assert "s3cr" not in shown
    assert "tpw" not in shown
    assert "Traceback" not in shown
    assert "should not happen" not in shown
    if arguments[0] == "doctor" and len(arguments) > 1 and code == 1:
        problems = [s["error"] for s in done.json["stores"]] if json_wanted else []
        assert all(p["hint"] for p in problems)
        assert json_wanted or "next " in done.out
    elif json_wanted:
        assert done.error["message"]
        assert done.error["hint"]
    else:
        assert done.err.startswith("Error: ")
        assert "\nNext:  " in done.err


def test_a_failing_read_creates_no_file(cli, tmp_path):
    for arguments in (("sessions", "list"), ("doctor",), ("migrate", "status"), ("export",)):
        assert cli(*arguments, "--conversation-url", "sqlite:///nosuch.db").code == 1
    assert not (tmp_path / "nosuch.db").exists()


def test_ctrl_c_ends_a_copy_with_130_and_says_how_to_go_on(start, tmp_path):
    with CONVERSATION_STORES.create("sqlite", path=tmp_path / "a.db") as store:
        store.create_session(ConversationSession("s", created_at=1, updated_at=1))
        for first in range(0, 20_000, 1000):
            messages = [ConversationMessage(id=str(first + i), role="user", content="x" * 200) for i in range(1000)]
            store.add_messages("s", messages)
    process = start("copy", "--kind", "conversation", f"sqlite:///{tmp_path}/a.db", f"sqlite:///{tmp_path}/b.db")
    deadline = time.monotonic() + 60
    while not (tmp_path / "b.db-wal").exists() or (tmp_path / "b.db-wal").stat().st_size < 200_000:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert "run the same command again" in err
    assert "Traceback" not in err


def test_a_reader_that_goes_away_is_no_traceback(start, url):
    process = start("export", "--conversation-url", url)
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert process.returncode in (0, 1)
    assert "Traceback" not in err


def test_stored_text_cannot_steer_the_terminal(terminal, url):
    code, shown = terminal("sessions", "show", "one", "--conversation-url", url)
    assert code == 0
    assert "hello \\x1b[2J" in shown
    assert "\x1b[2J" not in shown


@pytest.mark.parametrize(
    "arguments", [("backends",), ("sessions", "list"), ("doctor",), ("migrate", "plan"), ("--help",)]
)
def test_output_fits_80_columns_and_is_plain_in_a_pipe(cli, terminal, url, arguments):
    arguments = arguments if arguments[0] in ("backends", "--help") else (*arguments, "--conversation-url", url)
    piped = cli(*arguments)
    assert piped.code == 0, piped
    assert not [c for c in piped.out if not c.isprintable() and c != "\n"]
    code, shown = terminal(*arguments, NO_COLOR="1")
    assert code == 0
    assert "\x1b[3" not in shown
    if arguments[0] in ("backends", "sessions", "--help"):
        visible = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
        assert max(map(len, re.split("[\r\n]+", visible))) <= 80  # progress is drawn again over itself


def test_progress_is_shown_in_a_terminal_only(terminal, cli, url, tmp_path):
    _, shown = terminal("copy", "--kind", "conversation", url, f"sqlite:///{tmp_path}/b.db")
    assert "copy conversation" in shown
    _, shown = terminal("copy", "--kind", "conversation", url, f"sqlite:///{tmp_path}/c.db", "--no-progress")
    assert "copy conversation" not in shown
    assert cli("copy", "--kind", "conversation", url, f"sqlite:///{tmp_path}/d.db").err == ""


def test_quiet_prints_failures_only(cli, url):
    done = cli("-q", "sessions", "list", "--conversation-url", url)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert cli("sessions", "show", "nosuch", "--conversation-url", url, "--quiet").err


@pytest.mark.parametrize("name", ["PRAISONAI_CONVERSATION_URL", "PRAISON_CONVERSATION_URL"])
def test_both_spellings_of_the_environment_are_read(cli, url, name):
    done = cli("--json", "sessions", "list", **{name: url})
    assert [json.loads(line)["session_id"] for line in done.out.splitlines()] == ["one", "two"]
