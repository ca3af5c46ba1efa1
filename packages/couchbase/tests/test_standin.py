"""That the stand-in keeps Couchbase's limits, so that what passes here is let in by a cluster; by the client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from couchbase import exceptions as driver
from couchbase.auth import PasswordAuthenticator
from couchbase.cluster import Cluster
from couchbase.options import ClusterOptions, QueryOptions

SOURCE = "`tests`.`_default`.`limits` AS d"


@pytest.fixture(scope="module")
def cluster(standin: Any) -> Iterator[Any]:
    """The vendor's client, before a collection with an index and three documents."""
    parts = urlsplit(standin.url)
    user = PasswordAuthenticator(parts.username or "", parts.password or "")
    options: Any = ClusterOptions(user, enable_tracing=False, enable_metrics=False)
    opened = Cluster.connect(f"couchbase://{parts.hostname}:{parts.port}", options)
    opened.bucket("tests").collections().create_collection("_default", "limits")
    for key, body in (("a", {"n": 1, "v": [3, 4]}), ("b", {"n": None, "v": [0, 1]}), ("c", {"t": ["x", "y"]})):
        documents(opened).insert(key, body)
    opened.query("CREATE PRIMARY INDEX ON `tests`.`_default`.`limits`").execute()
    yield opened
    opened.close()


def documents(cluster: Any) -> Any:
    """The collection."""
    return cluster.bucket("tests").scope("_default").collection("limits")


def rows(cluster: Any, statement: str, **named: Any) -> list[Any]:
    """The rows of a statement."""
    return list(cluster.query(statement, QueryOptions(named_parameters=named, timeout=timedelta(seconds=5))))


def test_keys_and_documents_have_their_limits(cluster: Any) -> None:
    with pytest.raises(driver.CouchbaseException):
        documents(cluster).insert("x" * 247, {})
    documents(cluster).insert("x" * 246, {})
    documents(cluster).remove("x" * 246)
    with pytest.raises(driver.CouchbaseException):
        documents(cluster).insert("large", "x" * (20 * 1024 * 1024))


def test_a_cas_that_is_not_the_documents_is_refused(cluster: Any) -> None:
    cas = documents(cluster).upsert("d", {}).cas
    documents(cluster).upsert("d", {"x": 1})
    with pytest.raises(driver.CasMismatchException):
        documents(cluster).remove("d", cas=cas)
    documents(cluster).remove("d")
    with pytest.raises(driver.DocumentNotFoundException):
        documents(cluster).get("d")


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("d.n = 1", ["a"]),
        ("d.n != 1", []),
        ("NOT (d.n = 1)", []),
        ("d.n = 1 OR d.t = 1", ["a"]),
        ('"x" IN d.t', ["c"]),
        ('"x" NOT IN d.t', []),
        ('ANY w IN d.t SATISFIES w IN ["y", "z"] END', ["c"]),
        ("d.n > 0 AND d.n < 2", ["a"]),
        ('META(d).id LIKE "_"', ["a", "b", "c"]),
        ('META(d).id > "a" AND META(d).id < "c"', ["b"]),
    ],
)
def test_missing_and_null_are_neither_true_nor_false(cluster: Any, where: str, expected: list[str]) -> None:
    assert rows(cluster, f"SELECT RAW META(d).id FROM {SOURCE} WHERE {where} ORDER BY META(d).id") == expected


@pytest.mark.parametrize(("metric", "expected"), [("L2", 5.0), ("L2_SQUARED", 25.0), ("DOT", 0.0)])
def test_distances_are_exact(cluster: Any, metric: str, expected: float) -> None:
    statement = f'SELECT RAW VECTOR_DISTANCE(d.v, $q, "{metric}") FROM {SOURCE} WHERE d.n = 1'
    assert rows(cluster, statement, q=[0, 0]) == [expected]
    assert rows(cluster, statement, q=[0, 0, 0]) == [None]


def test_statements_that_couchbase_refuses_are_refused(cluster: Any) -> None:
    with pytest.raises(driver.ParsingFailedException):
        rows(cluster, f"SELECT FROM {SOURCE}")
    with pytest.raises(driver.KeyspaceNotFoundException):
        rows(cluster, "SELECT RAW 1 FROM `tests`.`_default`.`nowhere` AS d")
    with pytest.raises(driver.CouchbaseException):
        list(cluster.query(f"DELETE FROM {SOURCE}", QueryOptions(read_only=True)))
    assert rows(cluster, f"SELECT RAW COUNT(*) FROM {SOURCE}") == [3]
    cluster.bucket("tests").collections().create_collection("_default", "unindexed")
    with pytest.raises(driver.CouchbaseException):
        rows(cluster, "SELECT RAW 1 FROM `tests`.`_default`.`unindexed` AS d")


def test_names_of_collections_have_their_limits(cluster: Any) -> None:
    manager = cluster.bucket("tests").collections()
    with pytest.raises(driver.CouchbaseException):
        manager.create_collection("_default", "_mine")
    with pytest.raises(driver.CollectionAlreadyExistsException):
        manager.create_collection("_default", "limits")
    with pytest.raises(driver.ScopeNotFoundException):
        manager.create_collection("nowhere", "x")


def test_a_wrong_password_is_refused(standin: Any) -> None:
    options: Any = ClusterOptions(
        PasswordAuthenticator("Administrator", "wrong"), enable_tracing=False, enable_metrics=False
    )
    with pytest.raises(driver.AuthenticationException):
        Cluster.connect(f"couchbase://127.0.0.1:{standin.port}", options)
