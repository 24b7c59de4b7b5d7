"""The semantic cache: its store over Qdrant's REST, and the guards before a hit."""
