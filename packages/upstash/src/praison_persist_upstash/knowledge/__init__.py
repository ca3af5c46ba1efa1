"""The knowledge stores of this package: documents and vectors in Upstash Vector. Imports nothing by itself."""
