"""A suite runs whole: nothing of it is replaced, deleted, skipped or expected to fail without a declared reason."""

from __future__ import annotations

import pytest

from praison_persist.errors import NotFoundError, UnsupportedError
from praison_persist_testkit import ConversationConformance, KnowledgeConformance, StateConformance, never, notyet
from praison_persist_testkit.policy import suite_tests, violations

pytest_plugins = ["pytester"]

HEAD = """
import pytest
from praison_persist.errors import *
from praison_persist_memory import MemoryConversationStore
from praison_persist_testkit import ConversationConformance, Target, never, notimpl, notyet

class NoBatches(MemoryConversationStore):
    def add_messages(self, session_id, messages):
        raise UnsupportedError("no batches", backend=self.backend, operation="add_messages")

class Base(ConversationConformance):
    @pytest.fixture
    def target(self):
        return Target("memory", factory=NoBatches, shared=False)
"""
QUIET = ("-p", "no:cacheprovider", "-W", "ignore", "-q", "-rfExX")


def run(pytester: pytest.Pytester, source: str, *options: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(pytester.makepyfile(HEAD + source), *QUIET, *options)


def test_a_replaced_test_is_an_error_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match=r"test_an_unknown_session_is_none was replaced by .*<lambda>"):
        type("TestX", (ConversationConformance,), {"test_an_unknown_session_is_none": lambda self: None})


def test_a_deleted_test_is_an_error_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match="test_incr_loses_nothing was deleted or set to None"):
        type("TestX", (StateConformance,), {"test_incr_loses_nothing": None})


def test_a_mixin_cannot_replace_a_test_either() -> None:
    mixin = type("Mixin", (), {"test_count_is_exact": lambda self: None})
    with pytest.raises(TypeError, match="test_count_is_exact was replaced"):
        type("TestX", (mixin, KnowledgeConformance), {})


def test_the_intactness_test_cannot_be_replaced() -> None:
    with pytest.raises(TypeError, match="test_suite_is_intact was replaced"):
        type("TestX", (KnowledgeConformance,), {"test_suite_is_intact": lambda self: None})


def test_a_test_replaced_after_the_class_was_made_fails_the_intactness_test() -> None:
    cls = type("TestX", (ConversationConformance,), {})
    cls.test_an_unknown_session_is_none = lambda self: None  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match="test_an_unknown_session_is_none was replaced"):
        cls().test_suite_is_intact()


@pytest.mark.parametrize(
    ("deviations", "message"),
    [
        ({"test_no_such_test": never("reason")}, "no test of this suite"),
        ({"test_content_comes_back_exactly[no such case]": never("reason")}, "has the cases empty, space"),
        ({"test_an_unknown_session_is_none": "reason"}, "not never"),
        ({"test_an_unknown_session_is_none[x]": notyet("reason")}, "has the cases"),
    ],
)
def test_a_deviation_that_names_no_test_is_an_error(deviations: dict[str, object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        type("TestX", (ConversationConformance,), {"deviations": deviations})


def test_an_unknown_filter_case_is_an_error() -> None:
    with pytest.raises(TypeError, match="unsupported_filters names 'gt txet'"):
        type("TestX", (KnowledgeConformance,), {"unsupported_filters": {"gt text", "gt txet"}})


def test_a_deviation_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        never("  ")


def test_own_tests_and_declared_deviations_are_fine() -> None:
    cases = {"test_content_comes_back_exactly[nul]": never("no NUL", raises=(UnsupportedError, NotFoundError))}
    cls = type("TestX", (ConversationConformance,), {"deviations": cases, "test_of_my_own": lambda self: None})
    assert list(violations(cls)) == []
    cls().test_suite_is_intact()


def test_a_declared_deviation_is_an_expected_failure(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
class TestX(Base):
    deviations = {"test_an_empty_batch_stores_nothing": never("the engine has no batches", raises=UnsupportedError)}
""",
        "-k",
        "test_an_empty_batch",
    )
    result.assert_outcomes(xfailed=1)
    result.stdout.fnmatch_lines(["*never: the engine has no batches*"])


def test_a_declared_deviation_that_passes_is_red(pytester: pytest.Pytester) -> None:
    source = 'class TestX(Base):\n    deviations = {"test_an_unknown_session_is_none": notyet("a fault")}\n'
    result = run(pytester, source, "-k", "test_an_unknown_session_is_none")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*declared as notyet (a fault), but passes*"])


def test_another_exception_than_the_declared_one_is_red(pytester: pytest.Pytester) -> None:
    source = """
class TestX(Base):
    deviations = {"test_an_empty_batch_stores_nothing": never("reason", raises=NotFoundError)}
"""
    run(pytester, source, "-k", "test_an_empty_batch").assert_outcomes(failed=1)


def test_a_deviation_may_name_one_case(pytester: pytest.Pytester) -> None:
    source = """
class Fussy(NoBatches):
    def create_session(self, session):
        if session.state == {}:
            raise UnsupportedError("no empty state")
        return super().create_session(session)

class TestX(Base):
    deviations = {"test_state_and_metadata_keep_what_they_were_given[empty]": never("x", raises=UnsupportedError)}

    @pytest.fixture
    def target(self):
        return Target("memory", factory=Fussy, shared=False)
"""
    result = run(pytester, source, "-k", "test_state_and_metadata")
    result.assert_outcomes(xfailed=1, passed=12)


@pytest.mark.parametrize("mark", ["skip(reason='x')", "xfail(reason='x')", "skipif(True, reason='x')"])
def test_a_mark_on_one_test_is_red(pytester: pytest.Pytester, mark: str) -> None:
    pytester.makeconftest(
        f"""
import pytest
def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.{mark})
"""
    )
    result = run(pytester, "class TestX(Base): pass", "-k", "test_an_unknown_session_is_none")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*a suite test cannot be marked*declare it in `deviations`*"])


def test_a_class_cannot_be_expected_to_fail(pytester: pytest.Pytester) -> None:
    source = "@pytest.mark.xfail\nclass TestX(Base): pass\n"
    run(pytester, source, "-k", "test_an_unknown_session_is_none").assert_outcomes(errors=1)


def test_a_whole_class_may_be_skipped_with_its_reason(pytester: pytest.Pytester) -> None:
    source = "class TestX(Base):\n    @pytest.fixture\n    def target(self): pytest.skip('no server')\n"
    run(pytester, source, "-k", "test_an_unknown_session or test_bounds").assert_outcomes(skipped=2)


def test_a_class_cannot_be_skipped_in_part(pytester: pytest.Pytester) -> None:
    source = """
class TestX(Base):
    @pytest.fixture
    def target(self, request):
        if "bounds" in request.node.name:
            pytest.skip("inconvenient")
        return Target("memory", factory=NoBatches, shared=False)
"""
    result = run(pytester, source, "-k", "test_an_unknown_session or test_bounds")
    result.assert_outcomes(skipped=1, errors=1)
    result.stdout.fnmatch_lines(["*a suite is skipped as a whole*"])


def test_a_store_that_skips_is_red(pytester: pytest.Pytester) -> None:
    source = """
class Skips(NoBatches):
    def get_session(self, session_id):
        pytest.skip("inconvenient")

class TestX(Base):
    @pytest.fixture
    def target(self):
        return Target("memory", factory=Skips, shared=False)
"""
    result = run(pytester, source, "-k", "test_an_unknown_session_is_none")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*skipped without declaration: inconvenient*"])


def test_a_class_without_a_target_says_so(pytester: pytest.Pytester) -> None:
    result = run(pytester, "class TestX(ConversationConformance): pass", "-k", "test_an_unknown_session_is_none")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*TestX needs a fixture named target*"])


@pytest.mark.parametrize("suite", [ConversationConformance, KnowledgeConformance, StateConformance])
def test_every_suite_test_states_its_sentence(suite: type) -> None:
    tests = suite_tests(suite)
    assert len(tests) > 40
    for name, test in tests.items():
        assert name.startswith("test_")
        assert test.__doc__, f"{name} states no sentence"
        assert test.__doc__.strip().endswith("."), f"{name} states no whole sentence"
