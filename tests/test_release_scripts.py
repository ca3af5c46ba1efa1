"""The scripts of a release: what stops one, which packages a change concerns, what a build holds, what is generated."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import workspace
from packaging.version import Version
from releasing import affected, versions

sys.path.append(str(Path(__file__).parent))

from release_index import ROOT, Index, Repository

SCRIPTS = ("affected", "release_check", "build", "changelog", "verify_wheel", "core_gate", "publish")
QDRANT = "packages/qdrant"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index without any package."""
    index = Index(tmp_path_factory.mktemp("index"))
    yield index
    index.stop()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("repository") / "praison-persist")


@pytest.fixture
def repository(copy: Repository) -> Iterator[Repository]:
    """The copy, which is again as it was after the test."""
    start = copy.git("rev-parse", "HEAD").strip()
    yield copy
    copy.git("reset", "--quiet", "--hard", start)
    copy.git("clean", "--quiet", "-fdx")
    for tag in copy.git("tag").split():
        copy.git("tag", "--delete", tag)


# Which version may follow


@pytest.mark.parametrize(
    ("text", "earlier", "reason"),
    [
        ("0.1.0", [], ""),
        ("0.1.1", ["0.1.0"], ""),
        ("0.2.0", ["0.1.0", "0.1.3"], ""),
        ("1.0.0", ["0.1.0"], ""),
        ("0.2.0rc1", ["0.1.0"], ""),
        ("0.2.0", ["0.1.0", "0.2.0rc1"], ""),
        ("0.1.0.post1", ["0.1.0"], ""),
        ("0.1.0", ["0.1.0"], "released before"),
        ("0.1.0", ["0.1"], "released before"),
        ("0.1.0rc1", ["0.1.0"], "older than 0.1.0"),
        ("0.1.5", ["0.1.0", "0.2.0"], "older than 0.2.0"),
        ("0.3.0", ["0.1.0"], "after 0.1.0 come 0.1.0, 0.1.1, 0.2.0, 1.0.0"),
        ("0.1.2", ["0.1.0"], "skips numbers"),
        ("0.2.0.dev1", ["0.1.0"], "development"),
        ("0.2.0+mine", ["0.1.0"], "local"),
        ("0.2.0-rc1", ["0.1.0"], "normal form, which is 0.2.0rc1"),
        ("next", [], "not a version"),
    ],
)
def test_a_version_is_a_legal_successor_or_the_reason_is_said(text: str, earlier: list[str], reason: str) -> None:
    found = versions.problem(text, [Version(each) for each in earlier])
    assert reason in found if reason else found == ""


# What stops a release. The index is empty: the floor on core is never published there.


def reasons(repository: Repository, index: Index, tag: str) -> list[str]:
    done = repository.run("release_check", tag, "--index", index.simple)
    assert done.returncode == 1, done.stdout + done.stderr
    return re.findall(rf"^{re.escape(tag)}: (.*)", done.stderr, re.MULTILINE)


def test_an_unpublished_floor_stops_a_release(repository: Repository, index: Index) -> None:
    (reason,) = reasons(repository, index, "packages/qdrant-v0.1.0")
    assert reason.startswith("'praison-persist>=0.1,<1' cannot be installed from the index")
    repository.replace(
        f"{QDRANT}/pyproject.toml", "^dependencies = .*$", 'dependencies = ["packaging>=99", "idna>=3.0.1", "six"]'
    )
    repository.commit("floors")
    absent, higher, missing = reasons(repository, index, "packages/qdrant-v0.1.0")
    assert absent.startswith("'packaging>=99' cannot be installed")
    assert higher == "the floor of 'idna>=3.0.1' is not published; the lowest that is, is 3.1"
    assert missing.startswith("'six' has no lower bound")


def test_core_has_nothing_to_wait_for(repository: Repository, index: Index) -> None:
    repository.git("tag", "core-v0.1.0")
    facts = json.loads(repository.must("release_check", "core-v0.1.0", "--index", index.simple, "--json"))
    assert facts == {
        "tag": "core-v0.1.0",
        "name": "praison-persist",
        "package": "core",
        "directory": "core",
        "version": "0.1.0",
        "wheel": "praison_persist-0.1.0-py3-none-any.whl",
    }


def test_a_tag_that_is_not_the_version_stops_a_release(repository: Repository, index: Index) -> None:
    (reason,) = reasons(repository, index, "core-v0.2.0")
    assert reason == "the tag says 0.2.0, core/src/praison_persist/__about__.py says 0.1.0"


def test_an_illegal_version_stops_a_release(repository: Repository, index: Index) -> None:
    repository.git("tag", "core-v0.1.0")
    repository.replace("core/CHANGELOG.md", "^<!-- towncrier.*$", "\\g<0>\n\n## 0.1.0 (2030-01-01)")
    repository.bump("core", "0.4.0")
    (reason,) = reasons(repository, index, "core-v0.4.0")
    assert reason == "0.4.0 skips numbers: after 0.1.0 come 0.1.0, 0.1.1, 0.2.0, 1.0.0"


def test_a_missing_or_misnamed_changelog_fragment_stops_a_release(repository: Repository, index: Index) -> None:
    repository.git("mv", "core/changelog.d/+initial.added.md", "core/changelog.d/initial.md")
    repository.commit("misnamed")
    (reason,) = reasons(repository, index, "core-v0.1.0")
    assert reason.startswith("core/changelog.d/initial.md is of no known type; name it NAME.TYPE.md (added, ")
    repository.git("rm", "--quiet", "core/changelog.d/initial.md")
    repository.commit("none")
    (reason,) = reasons(repository, index, "core-v0.1.0")
    assert reason == "core/changelog.d has no fragment: nothing says what changes for a user"


def test_a_generated_file_that_is_out_of_date_stops_a_release(repository: Repository, index: Index) -> None:
    repository.replace("PACKAGE_STATUS.md", "experimental", "stable")
    repository.commit("by hand")
    (reason,) = reasons(repository, index, "core-v0.1.0")
    assert reason == "generated files are out of date; run scripts/sync and commit:"


def test_what_is_not_committed_or_not_tagged_stops_a_release(repository: Repository, index: Index) -> None:
    repository.git("tag", "core-v0.1.0")
    repository.write("core/new.txt", "")
    repository.commit("later")
    repository.write("core/newer.txt", "")
    dirty, elsewhere = reasons(repository, index, "core-v0.1.0")
    assert dirty == "the working tree is not clean:"
    assert elsewhere == "the tag is not on the commit that is checked out"


# Usage


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_explains_itself_and_its_exit_codes(script: str) -> None:
    done = subprocess.run([ROOT / "scripts" / script, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert f"usage: scripts/{script}" in done.stdout
    assert "Exit codes: 0" in done.stdout.replace("\n", " ")
    assert subprocess.run([ROOT / "scripts" / script, "--no-such"], capture_output=True, check=False).returncode == 2


def test_a_tag_of_no_package_is_a_mistake_of_the_caller(copy: Repository) -> None:
    done = copy.run("release_check", "packages/oracle-v1.0.0")
    assert done.returncode == 2
    assert "packages/qdrant-v" in done.stderr


def test_a_package_that_does_not_exist_is_an_error_that_lists_those_there_are(copy: Repository) -> None:
    done = copy.run("build", "oracle")
    assert done.returncode == 1
    assert "no package is called 'oracle'; there are core, agents" in done.stderr


def test_publishing_needs_a_credential_and_files(copy: Repository, tmp_path: Path) -> None:
    wheel = tmp_path / "x.whl"
    assert "does not exist" in copy.run("publish", wheel).stderr
    wheel.touch()
    done = copy.run("publish", wheel, UV_PUBLISH_TOKEN="", UV_PUBLISH_PASSWORD="")
    assert done.returncode == 1
    assert "no credential" in done.stderr


# Builds


def test_the_same_commit_gives_the_same_bytes_with_its_changelog(repository: Repository, tmp_path: Path) -> None:
    first = json.loads(repository.must("build", "memory", "--out", tmp_path / "1", "--json"))
    repository.write("packages/memory/src/praison_persist_memory/not_committed.py", "")
    second = json.loads(repository.must("build", "packages/memory", "--out", tmp_path / "2", "--json"))
    assert first == second
    assert sorted(first) == ["praison_persist_memory-0.1.0-py3-none-any.whl", "praison_persist_memory-0.1.0.tar.gz"]
    later = json.loads(
        repository.must("build", "memory", "--out", tmp_path / "3", "--json", SOURCE_DATE_EPOCH="1893456000")
    )
    assert later != first
    sdist = tmp_path / "3" / "praison_persist_memory-0.1.0.tar.gz"
    text = subprocess.run(
        ["tar", "-xOf", sdist, "praison_persist_memory-0.1.0/CHANGELOG.md"], capture_output=True, text=True, check=True
    )
    assert "## 0.1.0 (2030-01-01)" in text.stdout


def test_a_build_that_holds_what_it_must_not_is_refused(repository: Repository, tmp_path: Path) -> None:
    repository.replace(
        "packages/memory/pyproject.toml", r"^packages = .*$", 'packages = ["src/praison_persist_memory", "tests"]'
    )
    (repository.path / "packages/memory/LICENSE").unlink()
    repository.commit("broken")
    done = repository.run("build", "memory", "--out", tmp_path)
    assert done.returncode == 1
    assert "tests/test_" in done.stderr
    assert "LICENSE is missing" in done.stderr


def test_the_changelog_is_written_only_when_told(repository: Repository) -> None:
    shown = repository.must("changelog", "memory", "--date", "2030-01-02")
    assert shown.startswith("## 0.1.0 (2030-01-02)")
    assert repository.git("status", "--porcelain") == ""
    repository.must("changelog", "memory", "--date", "2030-01-02", "--write")
    assert "## 0.1.0 (2030-01-02)" in (repository.path / "packages/memory/CHANGELOG.md").read_text()
    assert not list((repository.path / "packages/memory/changelog.d").glob("*.md"))


# Which packages a change concerns


SPACE = workspace.read(ROOT)
ALL = [package.family for package in SPACE.everything]


@pytest.mark.parametrize(
    ("path", "concerned"),
    [
        ("packages/qdrant/src/praison_persist_qdrant/store.py", ["qdrant"]),
        ("packages/agents/README.md", ["agents", "cli"]),
        ("core/src/praison_persist/urls.py", ALL),
        ("packages/testkit/src/praison_persist_testkit/suite.py", ALL),
        ("conftest.py", ALL),
        ("hatch.toml", ALL),
        ("scripts/engines/engine.py", ALL),
        ("scripts/engines/pgbouncer.py", ["postgres"]),
        ("docs/index.md", []),
        ("tests/test_engines.py", []),
        ("packages/gone/store.py", []),
        ("something-new.toml", ALL),
    ],
)
def test_a_change_concerns_its_package_and_those_that_depend_on_it(path: str, concerned: list[str]) -> None:
    assert [package.family for package in affected.affected([path], SPACE)] == concerned


def test_an_engine_concerns_the_packages_whose_tests_use_it() -> None:
    concerned = {package.family for package in affected.affected(["scripts/engines/mysql.py"], SPACE)}
    assert {"mysql"} <= concerned
    assert not {"qdrant", "json", "memory"} & concerned
    # pgbouncer.py stands before a PostgreSQL, and database_url is a fixture on top of postgres_url.
    assert "postgres" in {package.family for package in affected.affected(["scripts/engines/postgres.py"], SPACE)}


def test_a_range_of_commits_becomes_a_matrix(repository: Repository) -> None:
    base = repository.git("rev-parse", "HEAD").strip()
    repository.write("packages/qdrant/tests/new.py", "")
    repository.commit("qdrant")
    found = json.loads(repository.must("affected", "--json", f"{base}..HEAD"))
    assert found == {"include": [{"package": "qdrant", "tests": "packages/qdrant/tests"}]}
    assert repository.must("affected", f"{base}..{base}").strip() == ""
    assert repository.must("affected", f"{'0' * 40}..HEAD").split() == repository.must("affected").split()
    assert repository.run("affected", "nowhere..HEAD").returncode == 1


# Generated files


def test_a_package_that_says_nothing_about_itself_is_named_with_the_missing_lines(repository: Repository) -> None:
    repository.replace("packages/memory/pyproject.toml", r"^status = .*\nowner = .*\n", "")
    repository.replace("packages/json/pyproject.toml", "^status = .*$", 'status = "finished"')
    done = repository.run("sync")
    assert done.returncode == 1
    assert 'packages/memory/pyproject.toml: [tool.praison-persist] needs owner = "@..."' in done.stderr
    assert (
        'packages/json/pyproject.toml: [tool.praison-persist] needs status = "..." with one of experimental, '
        in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_a_new_package_needs_no_edit_of_any_other_file(repository: Repository) -> None:
    for path in ("pyproject.toml", "changelog.d/+initial.added.md", "src/praison_persist_memory/__about__.py"):
        text = (ROOT / "packages/memory" / path).read_text()
        new = text.replace("praison-persist-memory", "praison-persist-newdb").replace(
            "praison_persist_memory", "praison_persist_newdb"
        )
        new = re.sub(r"^memory = ", "newdb = ", new, flags=re.MULTILINE)
        new = re.sub(r"^embedded = .*$", 'test-requires = ["newdb-server>=1"]', new, flags=re.MULTILINE)
        repository.write(f"packages/newdb/{path.replace('praison_persist_memory', 'praison_persist_newdb')}", new)
    assert repository.run("sync", "--check").returncode == 1
    repository.must("sync")
    repository.must("sync", "--check")
    changed = {line[3:] for line in repository.git("status", "--porcelain").splitlines()}
    assert changed == {
        ".github/CODEOWNERS",
        ".github/ISSUE_TEMPLATE/bug.yml",
        ".github/ISSUE_TEMPLATE/question.yml",
        ".github/labels.yml",
        "PACKAGE_STATUS.md",
        "README.md",
        "core/pyproject.toml",
        "core/src/praison_persist/first_party.py",
        "hatch.toml",
        "packages/newdb/",
        "pyproject.toml",
    }


# Workflows


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_every_script_of_a_workflow_is_here() -> None:
    used = {
        name
        for path in WORKFLOWS
        for name in re.findall(r"(?:^|[ (])((?:scripts|\.ci)/\w+)", path.read_text(), re.MULTILINE)
    }
    assert {f"scripts/{name}" for name in SCRIPTS} <= used
    assert all(os.access(ROOT / name, os.X_OK) for name in used)


def test_only_jobs_that_publish_have_an_identity_and_they_build_nothing() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    jobs = dict(re.findall(r"^  ([\w-]+):\n((?:    .*\n|\n)+)", text.partition("\njobs:\n")[2], re.MULTILINE))
    assert {name for name, body in jobs.items() if "id-token: write" in body} == {"test-index", "publish"}
    assert {name for name, body in jobs.items() if "contents: write" in body} == {"record"}
    assert {name for name, body in jobs.items() if "scripts/build" in body} == {"build"}
    assert "secrets." not in text


def test_an_action_that_is_not_pinned_is_found(tmp_path: Path) -> None:
    from lint_workflows import pins

    workflow = tmp_path / "w.yml"
    workflow.write_text(
        f"      - uses: actions/checkout@v4\n      - uses: actions/checkout@{'a' * 40}\n"
        f"      - uses: actions/checkout@{'a' * 40} # v4.2.2\n    uses: ./.github/workflows/x.yml\n"
    )
    assert [problem.split(":")[1] for problem in pins([workflow])] == ["1", "2"]
