"""LlamaIndex's nodes as documents of the contract and back. Pure functions.

Metadata of a document is the node's, as it is, and beside it what every vector store of LlamaIndex keeps there::

    _node_content, _node_type         the node without its text, as JSON text, and the name of its class
    doc_id, document_id, ref_doc_id   where the node is from, if that is known

A document that was not written by LlamaIndex has none of these, and is a `TextNode`.
"""

from __future__ import annotations

from typing import Any

from llama_index.core.schema import BaseNode, MetadataMode, TextNode
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict

from praison_persist.errors import InvalidInputError
from praison_persist.knowledge import KnowledgeDocument

__all__ = ["SOURCE", "to_document", "to_node"]

SOURCE = "ref_doc_id"
_SOURCES = ("doc_id", "document_id", SOURCE)
_NODE = ("_node_content", "_node_type")


def to_document(node: BaseNode) -> KnowledgeDocument:
    """The document of a node.

    Raises:
        InvalidInputError: no node, or one that JSON cannot hold.
    """
    if not isinstance(node, BaseNode):
        raise InvalidInputError(f"expected a node of LlamaIndex, not {type(node).__name__}")
    try:
        whole = node_to_metadata_dict(node, remove_text=True)
    except ValueError as exc:
        raise InvalidInputError(f"node {node.node_id!r} cannot be written as JSON") from exc
    metadata: dict[str, Any] = {name: value for name, value in node.metadata.items() if name not in _SOURCES}
    metadata.update((name, whole[name]) for name in _NODE)
    if node.ref_doc_id is not None:  # LlamaIndex's own word for none is the text "None"
        metadata.update(dict.fromkeys(_SOURCES, node.ref_doc_id))
    return KnowledgeDocument(node.node_id, node.get_content(MetadataMode.NONE), node.embedding, metadata)


def to_node(document: KnowledgeDocument) -> BaseNode:
    """The node of a document, with its embedding where the document has one."""
    metadata = document.metadata or {}
    if "_node_content" not in metadata:
        return TextNode(id_=document.id, text=document.content, metadata=metadata, embedding=document.embedding)
    node = metadata_dict_to_node(metadata, document.content)
    node.embedding = document.embedding
    return node
