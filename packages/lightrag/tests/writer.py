"""A process that stores documents one after the other in the directory that it is given, and says which are stored."""

import sys

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

with KNOWLEDGE_STORES.create("lightrag", working_dir=sys.argv[1]) as store:
    store.create_collection("docs", 2)
    for number in range(10_000):
        store.insert("docs", [KnowledgeDocument(f"d{number}", "text", [1.0, float(number)])])
        print(number, flush=True)
