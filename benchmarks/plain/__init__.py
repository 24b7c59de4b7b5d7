"""The plain design: what most people would write for the same job, so that ratios mean something.

A ZIP function with pydantic and Powertools takes questions; a container function with
sentence-transformers, a langchain FAISS store loaded on demand, langchain's ChatOpenAI and a
Qdrant cache on the question's text answers them, one question at a time and one post per token.
Same model weights, same chunks as ours. It imports nothing of this repository's rooms, and runs in
an environment of its own (``.venv-plain``), which ``make bench`` builds.
"""
