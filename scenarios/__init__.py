"""The public interface of crhalo; `scenarios.api` describes each name.

The folders beside this file hold the scenario files and how they are read, the products and studies that are
made of runs, the known answers, and the `crhalo` command. In all of crhalo, PRL is Blasi & Amato 2019 (PRL
122, 051101), and REV is Blasi 2019, the review of self-controlled propagation of cosmic rays.

>>> from crhalo.scenarios import load, simulate, Galaxy, Spectrum, Transport
>>> load("circumgalactic").with_overrides(["medium.z_B=3 kpc"]).medium.z_B
3.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Fit, Galaxy, Run, Scan, Scenario, Spectrum, Transport, fit, load, names, scan, simulate

__all__ = [
    "Fit", "Galaxy", "Run", "Scan", "Scenario", "Spectrum", "Transport", "fit", "load", "names", "scan",
    "simulate",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import the interface when it is first used: the command line must answer at once."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import api

    return getattr(api, name)
