"""Texts of conversations at rest: sealed with a key of their tenant, or left plain (ADR 5)."""
