"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument
from praison_persist_langchain import GivenVectors, as_langchain


class Plane(Embeddings):
    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text):
        return [float(word) for word in text.split()]


with KNOWLEDGE_STORES.create("langchain", vectorstore=InMemoryVectorStore(GivenVectors())) as store:
    store.create_collection("docs", 2, "euclidean")  # cosine in LangChain's own memory needs numpy
    store.insert("docs", [KnowledgeDocument("a", "x", [1.0, 0.0]), KnowledgeDocument("b", "y", [0.0, 1.0])])
    assert [d.id for d in store.search("docs", [1.0, 0.1], limit=1)] == ["a"]
    vectorstore = as_langchain(store, "docs", Plane())
    vectorstore.add_texts(["1 1"], ids=["c"])
    assert [d.id for d in vectorstore.similarity_search("1 0.9", k=1)] == ["c"]
    assert [d.id for d in vectorstore.max_marginal_relevance_search("1 0.9", k=1)] == ["c"]
