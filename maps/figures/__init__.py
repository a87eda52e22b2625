"""Figures: each function takes plain arrays and a path, and writes a PNG."""
