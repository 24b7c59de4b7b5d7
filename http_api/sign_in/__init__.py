"""How people prove who they are: API keys or JSON web tokens, each turned into a grant."""
