"""The names that `shims` offers under PraisonAI's import paths, and where each is at home: data only."""

from __future__ import annotations

__all__ = ["CLASSES", "MODULES"]


def _at(home: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, home)


_CORE, _AGENTS = "praison_persist", "praison_persist_agents"

_CONVERSATION = _at(
    f"{_CORE}.conversation",
    "AsyncConversationStore",
    "ConversationMessage",
    "ConversationSession",
    "ConversationStore",
)
_KNOWLEDGE = _at(f"{_CORE}.knowledge", "AsyncKnowledgeStore", "KnowledgeDocument", "KnowledgeStore")
_STATE = _at(f"{_CORE}.state", "AsyncStateStore", "StateStore")
_FACTORY = _at(f"{_CORE}.factories", "create_conversation_store", "create_knowledge_store", "create_state_store")
_REGISTRY = {
    **_at(f"{_CORE}.registry", "CONVERSATION_STORES", "KNOWLEDGE_STORES", "STATE_STORES", "StoreRegistry"),
    "get_default_registry": f"{_AGENTS}.registries",
}
_CONFIG = _at(f"{_AGENTS}.config", "PersistenceConfig")
_ORCHESTRATOR = _at(f"{_AGENTS}.orchestrator", "PersistenceOrchestrator")
_HOOKS = _at(f"{_AGENTS}.hooks", "PersistentAgent", "create_persistent_session", "wrap_agent_with_persistence")
_SESSIONS = _at(
    f"{_AGENTS}.sessions",
    "DefaultSessionStore",
    "HierarchicalSessionStore",
    "SessionStoreProtocol",
    "get_default_session_store",
    "get_hierarchical_session_store",
)
_PERSISTENCE = "praisonai.persistence"

_STORES: dict[str, dict[str, tuple[str, str]]] = {
    "conversation": {
        "async_mysql": ("async_mysql", "AsyncMySQLConversationStore"),
        "async_postgres": ("async_postgres", "AsyncPostgresConversationStore"),
        "async_sqlite": ("async_sqlite", "AsyncSQLiteConversationStore"),
        "json_store": ("json", "JSONConversationStore"),
        "mysql": ("mysql", "MySQLConversationStore"),
        "mysql_new": ("mysql", "MySQLConversationStore"),  # the documents' name of the same
        "postgres": ("postgres", "PostgresConversationStore"),
        "singlestore": ("singlestore", "SingleStoreConversationStore"),
        "sqlite": ("sqlite", "SQLiteConversationStore"),
        "supabase": ("supabase", "SupabaseConversationStore"),
        "surrealdb": ("surrealdb", "SurrealDBConversationStore"),
        "sync_sqlite": ("sync_sqlite", "SyncSQLiteConversationStore"),
        "turso": ("turso", "TursoConversationStore"),
    },
    "knowledge": {
        "cassandra": ("cassandra", "CassandraKnowledgeStore"),
        "chroma": ("chroma", "ChromaKnowledgeStore"),
        "clickhouse": ("clickhouse", "ClickHouseKnowledgeStore"),
        "cosmosdb_vector": ("cosmosdb", "CosmosDBVectorKnowledgeStore"),
        "couchbase": ("couchbase", "CouchbaseKnowledgeStore"),
        "lancedb": ("lancedb", "LanceDBKnowledgeStore"),
        "langchain_adapter": ("langchain", "LangChainKnowledgeStore"),
        "lightrag_adapter": ("lightrag", "LightRAGKnowledgeStore"),
        "llamaindex_adapter": ("llamaindex", "LlamaIndexKnowledgeStore"),
        "milvus": ("milvus", "MilvusKnowledgeStore"),
        "mongodb_vector": ("mongodb_vector", "MongoDBVectorKnowledgeStore"),
        "pgvector": ("pgvector", "PGVectorKnowledgeStore"),
        "pinecone": ("pinecone", "PineconeKnowledgeStore"),
        "qdrant": ("qdrant", "QdrantKnowledgeStore"),
        "redis_vector": ("redis", "RedisVectorKnowledgeStore"),
        "singlestore_vector": ("singlestore_vector", "SingleStoreVectorKnowledgeStore"),
        "surrealdb_vector": ("surrealdb_vector", "SurrealDBVectorKnowledgeStore"),
        "upstash_vector": ("upstash_vector", "UpstashVectorKnowledgeStore"),
        "valkey_vector": ("valkey", "ValkeyVectorKnowledgeStore"),
        "weaviate": ("weaviate", "WeaviateKnowledgeStore"),
    },
    "state": {
        "async_mongodb": ("async_mongodb", "AsyncMongoDBStateStore"),
        "dynamodb": ("dynamodb", "DynamoDBStateStore"),
        "firestore": ("firestore", "FirestoreStateStore"),
        "gcs": ("gcs", "GCSStateStore"),
        "memory": ("memory", "MemoryStateStore"),
        "mongodb": ("mongodb", "MongoDBStateStore"),
        "redis": ("redis", "RedisStateStore"),
        "upstash": ("upstash", "UpstashStateStore"),
        "valkey": ("valkey", "ValkeyStateStore"),
    },
}
"""Kind, PraisonAI's module, then our backend and PraisonAI's name for the class."""

MODULES: dict[str, dict[str, str]] = {
    "praisonai": {},
    "praisonai._registry": _at(f"{_CORE}.plugins", "PluginRegistry"),
    _PERSISTENCE: {
        **_CONVERSATION,
        **_KNOWLEDGE,
        **_STATE,
        **_FACTORY,
        **_CONFIG,
        **_ORCHESTRATOR,
        **_HOOKS,
        "StoreRegistry": f"{_CORE}.registry",
        "get_default_registry": f"{_AGENTS}.registries",
    },
    f"{_PERSISTENCE}.registry": _REGISTRY,
    f"{_PERSISTENCE}.factory": _FACTORY,
    f"{_PERSISTENCE}.config": _CONFIG,
    f"{_PERSISTENCE}.orchestrator": _ORCHESTRATOR,
    f"{_PERSISTENCE}.hooks": _HOOKS,
    f"{_PERSISTENCE}.hooks.agent_hooks": _HOOKS,
    f"{_PERSISTENCE}.conversation": _CONVERSATION,
    f"{_PERSISTENCE}.conversation.base": _CONVERSATION,
    f"{_PERSISTENCE}.conversation._sql_base": _at(f"{_CORE}.sql", "_SQLConversationStoreBase"),
    f"{_PERSISTENCE}.knowledge": _KNOWLEDGE,
    f"{_PERSISTENCE}.knowledge.base": _KNOWLEDGE,
    f"{_PERSISTENCE}.state": _STATE,
    f"{_PERSISTENCE}.state.base": _STATE,
    **{f"{_PERSISTENCE}.{kind}.{module}": {} for kind, stores in _STORES.items() for module in stores},
    "praisonaiagents": _at(f"{_AGENTS}.adapter", "db"),
    "praisonaiagents.session": _SESSIONS,
}
"""Every module, with the home of each of its names."""

CLASSES: dict[str, dict[str, tuple[str, str]]] = {
    **{f"{_PERSISTENCE}.{kind}": {} for kind in _STORES},
    **{
        f"{_PERSISTENCE}.{kind}.{module}": {name: (kind, backend)}
        for kind, stores in _STORES.items()
        for module, (backend, name) in stores.items()
    },
}
"""Module, then the name of a class of a backend, its kind and the backend; the package of a kind has them all."""

for _kind, _stores in _STORES.items():
    CLASSES[f"{_PERSISTENCE}.{_kind}"] = {name: (_kind, backend) for backend, name in _stores.values()}
