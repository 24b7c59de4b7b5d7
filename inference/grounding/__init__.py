"""Whether the documents say it: evidence before the answer, citations and support after it."""
