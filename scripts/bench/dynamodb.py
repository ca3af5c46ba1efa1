"""DynamoDB: boto3's client against the dynamodb store, over a stand-in.

Both sides read consistently, and neither replaces a hash by a value: a single put has a condition; a batch, which
takes none, looks first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

import boto3
from botocore.config import Config

from praison_persist import STATE_STORES

from . import server
from .measure import Blocking, Plan, Row
from .state import CALLERS, Side, compare_sides

_TABLE = "praisonai_state"


def run(plan: Plan) -> Iterator[Row]:
    """The rows of the suite."""
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "not-a-key")  # any client wants some, and the stand-in takes all
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    with (
        server.running("dynamodb") as url,
        STATE_STORES.create("dynamodb", endpoint_url=url, pool_size=CALLERS, timeout=60) as store,
    ):
        store.setup()
        client: Any = boto3.client(
            "dynamodb", endpoint_url=url, region_name="us-east-1", config=Config(max_pool_connections=CALLERS)
        )

        def set_one(key: str, value: Any) -> None:
            client.put_item(
                TableName=_TABLE,
                Item=_item(key, value),
                ConditionExpression="attribute_not_exists(#hash)",
                ExpressionAttributeNames={"#hash": "hash"},
            )

        def get_one(key: str) -> Any:
            found = client.get_item(TableName=_TABLE, Key={"pk": {"S": f"raw:{key}"}}, ConsistentRead=True)
            return json.loads(found["Item"]["value"]["S"])

        def set_many(values: dict[str, Any]) -> None:
            found = client.batch_get_item(
                RequestItems={
                    _TABLE: {
                        "Keys": [{"pk": {"S": f"raw:{key}"}} for key in values],
                        "ConsistentRead": True,
                        "ProjectionExpression": "pk, #hash",
                        "ExpressionAttributeNames": {"#hash": "hash"},
                    }
                }
            )
            if any("hash" in item for item in found["Responses"][_TABLE]):
                raise ValueError("one of the keys has a hash")
            pending = iter([{"PutRequest": {"Item": _item(key, value)}} for key, value in values.items()])
            while batch := list(islice(pending, 25)):
                client.batch_write_item(RequestItems={_TABLE: batch})

        def get_many(keys: list[str]) -> dict[str, Any]:
            wanted = {"Keys": [{"pk": {"S": f"raw:{key}"}} for key in keys], "ConsistentRead": True}
            found = client.batch_get_item(RequestItems={_TABLE: wanted})["Responses"][_TABLE]
            return {item["pk"]["S"]: json.loads(item["value"]["S"]) for item in found}

        raw = Side(set_one, get_one, set_many, get_many)
        ours = Side(store.set, store.get, store.set_many, store.get_many)
        yield from compare_sides(Blocking(), raw, ours, plan)
        client.close()


def _item(key: str, value: Any) -> dict[str, Any]:
    return {"pk": {"S": f"raw:{key}"}, "value": {"S": json.dumps(value)}}
