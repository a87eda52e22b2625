"""Published measurements: tables with their units and sources, and what reads them."""

from .tables import load, names

__all__ = ["load", "names"]
