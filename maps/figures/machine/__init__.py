"""Figures of what a machine does."""
