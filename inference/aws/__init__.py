"""Adapters to AWS: connections, the queue of questions, the answer log on threads."""
