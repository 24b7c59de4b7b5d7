"""Qdrant over REST: what the semantic cache and the retriever both speak. Knows neither."""
