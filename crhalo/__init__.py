"""Cosmic-ray protons from the Galactic disc, through a self-confining halo, into the circumgalactic medium.

What Python users call is in `crhalo.scenarios`; `python -m crhalo` is the `crhalo` command.

>>> import crhalo
>>> crhalo.__version__.count(".")
2
"""

from __future__ import annotations

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """The version, read when it is asked for: the command line must answer at once."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; allowed: crhalo.scenarios")
    from importlib.metadata import version

    return version("crhalo")
