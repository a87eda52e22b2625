"""What should be known of a run before its numbers are believed, a line each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..fields.galaxy import Galaxy
from ..fields.medium import Medium
from ..fields.tabulation import unresolved
from ..maps.light.sky import SUN_R_KPC
from ..mc.result import Result
from .file.observable import Asked
from .file.scenario import Scenario

# A disc of so many pixels to the rim has its flux to 1%; of less than one, anything.
_PIXELS_TO_RIM = 1.5


def notes_of(scenario: Scenario, galaxy: Galaxy, medium: Medium, result: Result) -> list[str]:
    """What tables do not resolve, a surface hardly met, a disc that pixels miss, what errors are large of."""
    found = unresolved(result.provenance.get("tabulation_error", {}), medium.table.thickness)
    found += _of_the_surface(galaxy, result)
    nside = scenario.sky.nside
    pixel_kpc = np.sqrt(np.pi / 3.0) / nside * SUN_R_KPC
    if galaxy.R_d_kpc < min(_PIXELS_TO_RIM * pixel_kpc, SUN_R_KPC):
        found.append(
            f"the disc is about as small as a pixel at sky.nside = {nside}, whose rays may miss it: "
            "its flux asks for a larger one"
        )
    if (most := scenario.transport.importance_of) != Asked.NONE:
        found.append(f"particles were followed where they matter to {most}; other numbers have larger errors")
        if empty := int((result.tallies["injected"].sum(axis=0) == 0.0).sum()):
            found.append(
                f"{empty} groups of energies have no particle and are taken to be like their neighbours: "
                "more transport.particles would fill them"
            )
    return found


def _of_the_surface(galaxy: Galaxy, result: Result) -> Iterator[str]:
    r_max = galaxy.r_max_kpc
    if galaxy.has_bell_region:
        R, z = galaxy.surface_extent_kpc
        reaches = {"in the plane": R, "along z": z}
        where = [name for name, reach in reaches.items() if reach >= r_max * (1 - 1e-6)]
        if where:
            places = " and ".join(where)
            yield (
                f"the surface of the halo reaches r_max = {r_max:g} kpc {places}: protons leave there "
                "without meeting it; a field that falls off, or a larger r_max, ends the halo"
            )
    elif galaxy.bell:
        yield (f"the Bell instability is not excited within r_max = {r_max:g} kpc: nothing is held outside")
    met = float(result.tallies["escape"][..., 0].sum()) / max(result.particles, 1)
    if met < 0.5:
        yield f"only {met:.0%} of the particles ever met the surface of the halo"
