"""One turn: what is asked of whom, in which order, and how its text goes out."""
