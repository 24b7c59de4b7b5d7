"""Readers of one format each: bytes in, an ``Extract`` out. None of them touches the disk."""
