"""Qdrant on one machine: its own engine behind the few REST calls that the semantic cache makes."""
