"""Scripted neighbours of a worker, each over real HTTP: the model, DynamoDB, the management API.

They run in processes of their own, so that what a worker's process takes is the worker's.
"""
