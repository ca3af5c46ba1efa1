"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import KNOWLEDGE_STORES

with KNOWLEDGE_STORES.create("cosmosdb", url="https://account.documents.azure.com", key="czNjcmV0") as store:
    assert "czNjcmV0" not in repr(store)  # nobody need listen
