"""The index bundle's reader: dense and lexical, fused, selected, widened."""
