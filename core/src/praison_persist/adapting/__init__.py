"""What adapters of other frameworks' vector stores share: the store, its records, its filters, its errors.

No framework is imported here; a package of an adapter brings a `praison_persist.adapting.partner.Partner` for each kind
of vector store that it knows.
"""
