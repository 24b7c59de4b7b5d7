"""Qdrant's own engine in one process, behind the few REST calls that a semantic cache makes."""
