"""Light and neutrinos: yields, emissivity, absorption, the sky from the Sun, sky files."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .light.absorption import cmb_absorption_per_kpc
    from .light.emissivity import emissivity, emissivity_matrix, local_helium_per_proton
    from .light.secondaries import (
        energy_fraction,
        light_fraction,
        production_cross_section_mb_GeV,
        target_factors,
    )
    from .light.sky import sky_map, table_sky_map
    from .light.skyfile import SkyCube, read_sky, write_sky
    from .light.starlight import starlight_absorption_per_kpc, starlight_over_local

__all__ = [
    "SkyCube",
    "cmb_absorption_per_kpc",
    "emissivity",
    "emissivity_matrix",
    "energy_fraction",
    "light_fraction",
    "local_helium_per_proton",
    "production_cross_section_mb_GeV",
    "read_sky",
    "sky_map",
    "starlight_absorption_per_kpc",
    "starlight_over_local",
    "table_sky_map",
    "target_factors",
    "write_sky",
]
_FILES = ("absorption", "emissivity", "secondaries", "sky", "skyfile", "starlight")


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: who only draws figures needs nothing of it."""
    if name in __all__:
        for file in _FILES:
            if hasattr(found := import_module(f".light.{file}", __name__), name):
                return getattr(found, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
