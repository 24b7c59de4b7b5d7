"""Sentences, words, figures and units of English text. Pure, and without a port."""
