"""The ways to a model's stream of tokens, behind one port."""
