"""Scans: a scenario run at every point of a grid of its keys."""
