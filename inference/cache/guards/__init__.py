"""Decides whether the answer to one question may be served to another. Pure: words in, verdict out.

A cosine says that two questions are about the same thing; it cannot say that they ask the same. So
every guard looks for one kind of difference that changes the answer, and may only refuse.
"""
