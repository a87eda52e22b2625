"""D along the mean field and across it at a place of a galaxy, measured on orbits through waves like its own.

The waves are homogeneous: plane waves in all directions about a uniform field, with the strength and the
wavelengths that those of the galaxy have at the place. So D is that of the place, however the field varies.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ...fields.exceptions import UserError
from ...fields.medium import Medium
from ...fields.turbulence.local_waves import SHORTEST_OVER_LARMOR
from ...fields.turbulence.of_galaxy import GalacticTurbulence
from ...fields.turbulence.scattering import broadened_D, quasi_linear_D
from ...fields.turbulence.synthetic import Turbulence
from ...fields.units import LARMOR_KPC, FloatArray, momentum_GeV, speed_kpc_Myr
from ...fields.waves.streaming import larmor_radius_kpc
from ..blocks import REALISATION
from ..kernels.orbit import orbit_step_kpc
from .escape import seed_for
from .measure import running_diffusion
from .tracks import tracks

# D is of displacements over up to so many free paths, along tracks of twice that: over five, those that turn
# slowly where mu = 0 are missed, and D is 7% too small.
_LONGEST_FREE_PATHS, _RECORDS = 8.0, 24
# By theory, but where waves are so strong that resonances are as broad as all pitch angles.
_LEAST_OVER_FORMULA = 2.0
# dB/B of waves whose resonances are as broad as the pitch angle at which their window begins.
WEAKEST = SHORTEST_OVER_LARMOR**2


class Place(NamedTuple):
    """A place in a galaxy, and the waves there for protons of an energy.

    Attributes
    ----------
    R_kpc, z_kpc : float
        Of the node of the medium.
    energy_GeV : float
        Total energy.
    waves : Turbulence
        As homogeneous turbulence about the field there.
    formula_kpc : float
        3 D/v of the medium, D = r_L v/(3 F).
    broadened_kpc : float
        3 D/v by quasi-linear theory of waves in all directions.
    """

    R_kpc: float
    z_kpc: float
    energy_GeV: float
    waves: Turbulence
    formula_kpc: float
    broadened_kpc: float

    @property
    def momentum_GeV(self) -> float:
        return float(momentum_GeV(self.energy_GeV))

    @property
    def larmor_radius_kpc(self) -> float:
        """In the mean field."""
        return float(larmor_radius_kpc(self.momentum_GeV, self.waves.mean_field_uG))

    @property
    def F(self) -> float:
        """Power per ln k at k r_L = 1, over the square of the mean field."""
        return self.larmor_radius_kpc / self.formula_kpc

    @property
    def step_kpc(self) -> float:
        """Of orbits."""
        r_L = float(larmor_radius_kpc(self.momentum_GeV, self.waves.total_field_uG))
        return orbit_step_kpc(r_L, self.waves.correlation_length_kpc)

    @property
    def spacing_kpc(self) -> float:
        """Path between two records of a track."""
        longest = _LONGEST_FREE_PATHS * max(self.broadened_kpc, _LEAST_OVER_FORMULA * self.formula_kpc)
        return max(1, round(longest / _RECORDS / self.step_kpc)) * self.step_kpc

    @property
    def steps(self) -> float:
        """Steps of one track."""
        return 2.0 * _RECORDS * self.spacing_kpc / self.step_kpc


class LocalDiffusion(NamedTuple):
    """What orbits measure at a place: lambda = 3 D/v along the field, and across it.

    Errors are one sigma. `formula_kpc` is r_L/F, `slab_kpc` quasi-linear theory of slab waves of the same F,
    `broadened_kpc` that of waves in all directions (see `broadened_D`). `converged`: D along the field has
    stopped changing with the path, to 5% or two sigma.
    """

    R_kpc: float
    z_kpc: float
    larmor_radius_kpc: float
    formula_kpc: float
    slab_kpc: float
    broadened_kpc: float
    free_path_kpc: float
    free_path_error: float
    across_kpc: float
    across_error: float
    converged: bool

    @property
    def epsilon(self) -> float:
        """D across over D along."""
        return self.across_kpc / self.free_path_kpc


def place_in(
    medium: Medium, turbulence: GalacticTurbulence, R_kpc: float, z_kpc: float, energy_GeV: float
) -> Place:
    """The node of a medium next to a place, with the waves in front of the surface there.

    The field is that of the lines, which orbits go through.

    Raises
    ------
    UserError
        If the waves are so weak that theory has none in resonance.
    """
    waves = turbulence.waves
    i, j = (int(np.argmin(np.abs(axis.nodes - x))) for axis, x in ((waves.R, R_kpc), (waves.z, z_kpc)))
    R, z = float(waves.R.nodes[i]), float(waves.z.nodes[j])
    B = math.exp(medium.table.lines.field[i, j, 3])  # type: ignore[union-attr]
    p, local = float(momentum_GeV(energy_GeV)), waves.at(i, j, B)
    D = float(medium.diffusion_halo(np.asarray(p), np.asarray(R), np.asarray(z)))
    over_v = 3.0 / float(speed_kpc_Myr(p))
    broadened = broadened_D(local, p)
    if not math.isfinite(broadened):
        raise UserError(
            f"at {energy_GeV:.4g} GeV the waves at R = {R:.3g} kpc, z = {z:.3g} kpc are too weak for tracks, "
            f"dB/B = {local.rms_uG / B:.2g}; allowed: {WEAKEST:g} or more"
        )
    return Place(R, z, energy_GeV, local, over_v * D, over_v * broadened)


def tracks_at(place: Place, realisations: int, seed: int, threads: int) -> FloatArray:
    """Orbits through waves like those at a place, 16 in each realisation: (realisations, 16, records, 6)."""
    fields: list[Any] = [place.waves.realisation((seed, n)) for n in range(realisations)]
    path = place.spacing_kpc * np.arange(1, 2 * _RECORDS + 1)
    box = 100.0 * place.waves.wavelengths_kpc[1]
    rigidity = LARMOR_KPC * place.momentum_GeV
    start = seed_for(seed, place.energy_GeV)
    return tracks(fields, rigidity, place.step_kpc, path, REALISATION, box, start, threads)


def measured_on(place: Place, found: FloatArray) -> LocalDiffusion:
    """D from the tracks of `tracks_at`, beside theory."""
    along, across = (running_diffusion(found, place.spacing_kpc, _RECORDS, axes) for axes in ((2,), (0, 1)))
    p, waves = place.momentum_GeV, place.waves
    v = float(speed_kpc_Myr(p))
    return LocalDiffusion(
        place.R_kpc,
        place.z_kpc,
        place.larmor_radius_kpc,
        place.formula_kpc,
        3.0 * float(quasi_linear_D(replace(waves, geometry="slab"), p)) / v,
        place.broadened_kpc,
        3.0 * along.plateau,
        3.0 * along.plateau_error,
        3.0 * across.plateau,
        3.0 * across.plateau_error,
        along.converged,
    )
