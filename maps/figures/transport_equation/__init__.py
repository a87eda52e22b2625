"""Figures of what is solved in the cells of the transport equation."""
