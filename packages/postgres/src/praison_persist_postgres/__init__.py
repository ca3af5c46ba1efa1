"""PostgreSQL stores for praison-persist: conversations, state, and knowledge with pgvector."""
