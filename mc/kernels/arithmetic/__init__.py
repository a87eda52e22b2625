"""Numbers and vectors: what every kernel computes with."""
