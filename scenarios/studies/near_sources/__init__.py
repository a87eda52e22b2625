"""Cosmic rays near their sources, and what follows for the Galaxy."""
