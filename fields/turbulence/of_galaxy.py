"""What orbits go through in a galaxy: its lines, the waves on them, and the turbulence behind its surface.

The waves are those that the D of the medium is made of: F = r_L v/(3 D) at the place, about k r_L = 1, with
the slope that F has there; in all directions, since a wave along a line that is wound up would have a phase
that changes within r_L across it. Behind the surface they are those of the saturated field, of the same power
in each ln k over three decades. One goes over into the other across it, within a few r_L or a cell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..exceptions import UserError
from ..galaxy import Galaxy
from ..medium import Medium
from ..units import FloatArray, momentum_GeV, speed_kpc_Myr
from ..vectors import Sum
from ..waves.streaming import larmor_radius_kpc
from .local_waves import WavesOfPlace
from .regular import RegularField, regular_field

# Wavelengths of the turbulence behind the surface, longest over shortest: its field is that of all of them.
BELL_WAVELENGTHS = 1e3
# The half-width of the change across the surface.
_JOINED_OVER_LARMOR = 2.0
# How far the slope of F is taken from, in ln E.
_SLOPE_STEP = 0.1


@dataclass(frozen=True)
class GalacticTurbulence:
    """What all realisations have in common, for orbits of some energies through a galaxy.

    Attributes
    ----------
    regular : RegularField
        Of the lines.
    waves : WavesOfPlace
        In front of the surface.
    behind : WavesOfPlace or None
        Behind it, where there is a Bell region.
    """

    regular: RegularField
    waves: WavesOfPlace
    behind: WavesOfPlace | None

    def realisation(self, seed: int | Sequence[int]) -> Sum:
        """One realisation, a record for `magnetic_field`."""
        words = [seed] if isinstance(seed, int) else list(seed)
        field = Sum(self.regular, self.waves.realisation([*words, 0]))
        return field if self.behind is None else Sum(field, self.behind.realisation([*words, 1]))

    @property
    def correlation_length_kpc(self) -> float:
        """One-sided correlation length of the waves, where it is largest."""
        return max(each.correlation_length_kpc for each in (self.waves, self.behind) if each is not None)


def galactic_turbulence(
    galaxy: Galaxy, medium: Medium, energies_GeV: tuple[float, float]
) -> GalacticTurbulence:
    """The field and the waves of a galaxy for protons of some energies.

    Parameters
    ----------
    galaxy, medium : Galaxy, Medium
        A galaxy with field lines, and the medium that it makes.
    energies_GeV : (float, float)
        Lowest and highest total energy.

    Raises
    ------
    UserError
        If the galaxy has no field lines, or waves stronger than its field.
    """
    if medium.lines is None:
        raise UserError(
            'medium.field = "isotropic": allowed: a field with lines, for orbits through a galaxy'
        )
    table, middle = medium.table, math.sqrt(energies_GeV[0] * energies_GeV[1])
    R, z = np.meshgrid(table.R.nodes, table.z.nodes, indexing="ij")
    p = momentum_GeV(np.array([energies_GeV[0], middle, energies_GeV[1]]))
    inside = table.distance < 0
    B = np.exp(table.lines.field[..., 3])  # type: ignore[union-attr]
    r_L = larmor_radius_kpc(p[1], np.maximum(B, B[inside].min()))
    F, slope = wave_power_of(medium, float(p[1]), R, z, B)
    if np.any(off := inside & ~(F < 1.0)):
        i, j = np.argwhere(off)[0]
        raise UserError(
            f"at {middle:.3g} GeV the waves at R = {R[i, j]:.3g} kpc, z = "
            f"{z[i, j]:.3g} kpc would be stronger than the field, F = {F[i, j]:.2g}; allowed: F < 1"
        )
    front = np.ones_like(r_L)
    if galaxy.has_bell_region:
        front = _front(table.distance, r_L, table.R.nodes, table.z.nodes)
    span = float(p[0] / p[1]), float(p[2] / p[1])
    waves = WavesOfPlace(table.R, table.z, F * B**2, r_L, slope, span, front)
    behind = None
    if galaxy.has_bell_region:
        saturated = np.asarray(galaxy.saturated_field_uG(R, z), float)
        power = saturated**2 / math.log(BELL_WAVELENGTHS)
        radius = larmor_radius_kpc(p[1], np.maximum(saturated, saturated[saturated > 0].min()))
        behind = WavesOfPlace(table.R, table.z, power, radius, 0.0, span, 1.0 - front)
    return GalacticTurbulence(regular_field(medium.lines, table.R, table.z), waves, behind)


def wave_power_of(
    medium: Medium, p_GeV: float, R_kpc: FloatArray, z_kpc: FloatArray, B_uG: FloatArray
) -> tuple[FloatArray, float]:
    """(F, slope): r_L v/(3 D) of a momentum at places, and d ln F/d ln E, its median in the halo."""

    def F(p: float) -> FloatArray:
        D = np.asarray(medium.diffusion_halo(np.asarray(p), R_kpc, z_kpc), float)
        return larmor_radius_kpc(p, B_uG) * speed_kpc_Myr(p) / (3.0 * D)

    higher, lower = F(p_GeV * math.exp(_SLOPE_STEP)), F(p_GeV * math.exp(-_SLOPE_STEP))
    inside = medium.distance_kpc(R_kpc, z_kpc) < 0
    slopes = np.log(higher / lower)[inside] / (2.0 * _SLOPE_STEP)
    return F(p_GeV), float(np.median(slopes))


def _front(distance: FloatArray, r_L: FloatArray, R: FloatArray, z: FloatArray) -> FloatArray:
    """One in front of the surface, zero behind it."""
    cell = np.maximum(np.gradient(R)[:, None], np.gradient(z)[None, :])
    width = np.maximum(cell, _JOINED_OVER_LARMOR * r_L)
    return np.clip(0.5 - distance / (2.0 * width), 0.0, 1.0)
