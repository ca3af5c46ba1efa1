"""URL, options, environment, table, expiry and policy. What PraisonAI stored is read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from praison_persist import STATE_STORES
from praison_persist.errors import ConfigurationError, PersistError
from praison_persist_dynamodb import DynamoDBStateStore


def client(url: str) -> Any:
    return boto3.client("dynamodb", endpoint_url=url, region_name="us-east-1")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("dynamodb://My_table?region=eu-central-1", "'My_table', 'eu-central-1'"),
        ("dynamodb://", "'praisonai_state', 'us-east-1'"),
        ("dynamodb://my.table?endpoint_url=http://127.0.0.1:8000/", "'my.table', 'http://127.0.0.1:8000'"),
    ],
)
def test_a_url_names_its_place(url: str, place: str) -> None:
    assert repr(STATE_STORES.create_from_url(url)) == f"DynamoDBStateStore({place})"


@pytest.mark.parametrize(
    "url",
    ["http://h", "dynamodb://key:secret@table", "dynamodb://table/x", "dynamodb://table?colour=1", "dynamodb://t!"],
)
def test_a_wrong_url_is_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        DynamoDBStateStore(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"table_name": "ab"},
        {"region": "Frankfurt am Main"},
        {"endpoint_url": "ftp://h"},
        {"auto_create_table": "yes"},
        {"pool_size": 0},
        {"timeout": 0},
        {"prefix": "a\x1fb"},
        {"max_retries": -1},
    ],
)
def test_a_wrong_option_names_the_backend(options: dict[str, Any]) -> None:
    with pytest.raises(PersistError) as caught:
        DynamoDBStateStore(**options)
    assert caught.value.backend == "dynamodb"


def test_the_environment_names_the_region_where_no_argument_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "sa-east-1")
    assert "sa-east-1" in repr(DynamoDBStateStore())
    assert "eu-west-1" in repr(DynamoDBStateStore(region="eu-west-1"))


def test_missing_credentials_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with DynamoDBStateStore() as store, pytest.raises(ConfigurationError, match="credentials"):
        store.get("k")


def test_a_table_of_something_else_is_refused(dynamodb_url: str, fresh_prefix: str) -> None:
    name = f"{fresh_prefix}other"
    client(dynamodb_url).create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with (
        DynamoDBStateStore(table_name=name, endpoint_url=dynamodb_url) as store,
        pytest.raises(ConfigurationError, match="'pk'"),
    ):
        store.get("k")


def test_what_praisonai_stored_is_read_and_replaced(dynamodb_url: str, fresh_prefix: str) -> None:
    name = f"{fresh_prefix}state"
    now = int(time.time())
    with DynamoDBStateStore(table_name=name, endpoint_url=dynamodb_url) as store:
        store.setup()
        items: list[dict[str, Any]] = [
            {"pk": {"S": "text"}, "value": {"S": "plain words"}},
            {"pk": {"S": "number"}, "value": {"S": "41"}, "ttl": {"N": str(now + 60)}},
            {"pk": {"S": "legacy"}, "value": {"S": '{"a": 1}'}},
            {"pk": {"S": "gone"}, "value": {"S": "1"}, "ttl": {"N": str(now - 60)}},
            {
                "pk": {"S": "hash"},
                "hash": {"M": {"i": {"N": "5"}, "f": {"N": "0.5"}, "s": {"S": "123"}, "l": {"L": [{"NULL": True}]}}},
            },
        ]
        for item in items:
            client(dynamodb_url).put_item(TableName=name, Item={**item, "updated_at": {"N": str(now)}})
        assert store.keys() == ["hash", "legacy", "number", "text"]
        assert store.get_many(["text", "number", "legacy", "gone"]) == {
            "text": "plain words",
            "number": 41,
            "legacy": {"a": 1},
        }
        assert 50 < (store.ttl("number") or 0) <= 60
        assert store.incr("number") == 42
        assert 50 < (store.ttl("number") or 0) <= 60
        assert store.hgetall("hash") == {"i": 5, "f": 0.5, "s": "123", "l": [None]}
        assert store.hdel("hash", "i", "absent") == 1
        assert store.hget("hash", "s") == "123"
        assert store.hgetall("legacy") == {"a": 1}
        store.hset("legacy", "b", 2)
        assert store.hgetall("legacy") == {"a": 1, "b": 2}
        assert store.compare_and_set("text", "plain words", {"now": "ours"})
        store.set("gone", 2)
        assert store.get("gone") == 2


def test_a_ttl_is_kept_in_whole_seconds_for_dynamodb(dynamodb_url: str, fresh_prefix: str) -> None:
    name = f"{fresh_prefix}state"
    with DynamoDBStateStore(table_name=name, endpoint_url=dynamodb_url) as store:
        store.set("k", 1, ttl=99.5)
        item = client(dynamodb_url).get_item(TableName=name, Key={"pk": {"S": "k"}})["Item"]
        assert 98 < int(item["ttl"]["N"]) - time.time() <= 100.5


def policy() -> dict[str, Any]:
    """The one of the README."""
    text = (Path(__file__).parents[1] / "README.md").read_text()
    found = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert found
    return json.loads(found[1])


def use_everything(store: DynamoDBStateStore) -> None:
    store.set("v", {"a": 1}, ttl=100)
    assert store.compare_and_set("v", {"a": 1}, 5)
    assert store.incr("v") == 6
    assert store.expire("v", 50)
    assert store.ttl("v")
    store.hset("h", "f", None)
    assert store.hgetall("h") == {"f": None}
    assert store.keys() == ["h", "v"]
    store.set_many({"v": 1, "w": 2})
    assert store.get_many(["v", "w"]) == {"v": 1, "w": 2}
    assert store.hdel("h", "f") == 1
    assert store.delete("v")
    assert not store.exists("v")


def test_the_actions_of_the_readme_are_all_that_it_calls(dynamodb_url: str, fresh_prefix: str) -> None:
    called: set[str] = set()
    with DynamoDBStateStore(table_name=f"{fresh_prefix}state", endpoint_url=dynamodb_url) as store:
        events = store._run._engine._client.meta.events
        events.register("before-call.dynamodb.*", lambda model, **_: called.add(f"dynamodb:{model.name}"))
        use_everything(store)
    allowed = [set(statement["Action"]) for statement in policy()["Statement"]]
    assert called <= set.union(*allowed)
    assert called - allowed[1] == allowed[0]


@pytest.mark.parametrize("denied", [None, "dynamodb:PutItem"])
def test_the_policy_of_the_readme_is_enough(aws_engine: Any, fresh_prefix: str, denied: str | None) -> None:
    import urllib.request

    reset = urllib.request.Request(
        f"{aws_engine.url}/moto-api/reset-auth", data=b"3", headers={"content-type": "text/plain"}, method="POST"
    )
    urllib.request.urlopen(reset)
    name = f"{fresh_prefix}state"
    rules = policy()
    for statement in rules["Statement"]:
        statement["Resource"] = "*"  # the stand-in judges actions only
        statement["Action"] = [action for action in statement["Action"] if action != denied]
    iam = boto3.client("iam", endpoint_url=aws_engine.url, region_name="us-east-1")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="state", PolicyDocument=json.dumps(rules))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        environment.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        with DynamoDBStateStore(table_name=name, endpoint_url=aws_engine.url) as store:
            if denied:
                with pytest.raises(ConfigurationError, match="policy"):
                    store.set("k", 1)
                return
            use_everything(store)
            about = store._run._engine._client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
            assert (about["TimeToLiveStatus"], about["AttributeName"]) == ("ENABLED", "ttl")
            with DynamoDBStateStore(table_name=name, endpoint_url=aws_engine.url) as second:
                second.setup()


def test_the_plugin_loads_no_client() -> None:
    code = "import sys, praison_persist_dynamodb.plugin; assert not {'boto3', 'botocore'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
