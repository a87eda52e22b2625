"""Figures of cosmic rays near their sources."""
