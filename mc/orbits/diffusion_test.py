"""The diffusion test: measurements on tracks of one energy, and whether diffusion describes them.

Protons of one energy start at the middle plane of a slab |z| < H of homogeneous turbulence. Their D is
measured on tracks that know of no slab; their escape from the slab is then followed by orbits, by the hybrid
engine with the measured D, and taken from the diffusion equation. Each has realisations and seeds of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...fields.turbulence.scattering import (
    bohm_D,
    expected_D,
    has_quasi_linear,
    quasi_linear_D,
    resonant_D,
    small_angle_D,
)
from ...fields.turbulence.synthetic import Turbulence
from ...fields.units import KPC_CM, LARMOR_KPC, M_P_G, M_P_GEV, FloatArray, momentum_GeV, speed_kpc_Myr
from ...fields.waves.streaming import larmor_radius_kpc
from ..blocks import REALISATION
from ..kernels.orbit import orbit_step_kpc
from .cost import estimate_cost
from .escape import DiffusiveEscape, Escape, Slab, compare, escape, quantity, seed_for
from .measure import (
    LONGEST_OVER_FREE_PATH,
    LONGEST_RECORDS,
    RECORDS,
    RunningDiffusion,
    longest_path_kpc,
    pitch_angle_diffusion,
    running_diffusion,
)
from .tracks import tracks

# A free path of less than H/20 and more than twenty correlation lengths across: diffusion should hold.
FREE_PATH_OVER_H, H_OVER_CORRELATION = 0.05, 20.0
TIME_TOLERANCE, TIME_SIGMAS = 0.03, 2.0
# What is measured worse than this, or has so large a share still inside, decides nothing.
WORST_D, WORST_TIME, MOST_INSIDE = 0.1, 0.05, 0.01
HYBRID_PER_ORBIT = 16
MU_EDGES, PITCH_REALISATIONS = np.linspace(-1.0, 1.0, 21), 40
_PURPOSES = ("early", "late", "pitch angles", "orbits", "hybrid", "tests")


class Running(NamedTuple):
    """D over v along the mean field and across it; of all axes, and None, where there is no mean field."""

    along: RunningDiffusion
    across: RunningDiffusion | None


@dataclass(frozen=True)
class DiffusionTest:
    """Protons of one energy in a slab of turbulence, and what is measured on them, when it is asked for.

    Attributes
    ----------
    turbulence : Turbulence
        What they go through.
    energy_GeV : float
        Total energy.
    slab : Slab
        What they escape from.
    particles, seed, threads : int
        As in `run`; 16 particles go through each realisation.

    Raises
    ------
    ValueError
        For an energy below the rest energy, no slab, or particles for one realisation only.
    """

    turbulence: Turbulence
    energy_GeV: float
    slab: Slab
    particles: int
    seed: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        for name, value, least in (
            ("energy_GeV", self.energy_GeV, M_P_GEV),
            ("slab.H_kpc", self.slab.H_kpc, 0.0),
            ("particles", self.particles, REALISATION),
        ):
            if not value > least:
                raise ValueError(f"{name} = {value}: must be above {least}")

    @property
    def momentum_GeV(self) -> float:
        return float(momentum_GeV(self.energy_GeV))

    @property
    def speed_kpc_Myr(self) -> float:
        return float(speed_kpc_Myr(self.momentum_GeV))

    @property
    def larmor_radius_kpc(self) -> float:
        """In the reference field of the turbulence."""
        return float(larmor_radius_kpc(self.momentum_GeV, self.turbulence.reference_field_uG))

    def seed_of(self, purpose: str) -> int:
        """A seed for one of the measurements at this energy."""
        return seed_for(self.seed, self.energy_GeV, _PURPOSES.index(purpose))

    def fields(self, purpose: str, count: int | None = None) -> list[Any]:
        """Realisations that one of the measurements goes through."""
        seed = self.seed_of(purpose)
        blocks = -(-self.particles // REALISATION) if count is None else count
        return [self.turbulence.realisation((seed, block)) for block in range(blocks)]

    # -- tracks --------------------------------------------------------------------------

    def _tracks(self, purpose: str, fields: list[Any], step: float, path: ArrayLike, each: int) -> FloatArray:
        box = 100.0 * self.turbulence.wavelengths_kpc[1]
        rigidity = LARMOR_KPC * self.momentum_GeV
        return tracks(fields, rigidity, step, path, each, box, self.seed_of(purpose), self.threads)

    def _running(self, purpose: str, longest_kpc: float) -> Running:
        """D from displacements over up to a path, on tracks without a boundary."""
        r_L = float(larmor_radius_kpc(self.momentum_GeV, self.turbulence.total_field_uG))
        step = orbit_step_kpc(r_L, self._l_c)
        spacing = max(1, round(longest_kpc / LONGEST_RECORDS / step)) * step
        path = spacing * np.arange(1, RECORDS + 1)
        out = self._tracks(purpose, self.fields(purpose), step, path, REALISATION)
        mean_field = self.turbulence.mean_field_uG > 0
        return Running(
            running_diffusion(out, spacing, LONGEST_RECORDS, (2,) if mean_field else (0, 1, 2)),
            running_diffusion(out, spacing, LONGEST_RECORDS, (0, 1)) if mean_field else None,
        )

    @property
    def _l_c(self) -> float:
        return self.turbulence.correlation_length_kpc

    @cached_property
    def early(self) -> Running:
        """D from displacements over paths of up to 20 free paths, as theory expects them."""
        expected = 3.0 * float(expected_D(self.turbulence, self.momentum_GeV)) / self.speed_kpc_Myr
        return self._running("early", LONGEST_OVER_FREE_PATH * expected)

    @cached_property
    def late(self) -> Running:
        """D that the test uses: that of `early`, or from longer paths where those were too short."""
        early = self.early.along
        if not early.plateau > 0.0:
            return self.early
        longest = longest_path_kpc(early.plateau, self._l_c)
        return self._running("late", longest) if longest > 1.2 * early.path_kpc[-1] else self.early

    def pitch_angles(self) -> tuple[FloatArray, FloatArray]:
        """D_mumu [1/Myr] and its error in the bins `MU_EDGES`: how dmu^2 grows over a second gyration."""
        turn = 2.0 * np.pi * self.larmor_radius_kpc
        fields = self.fields("pitch angles", PITCH_REALISATIONS)
        out = self._tracks("pitch angles", fields, turn / 64, turn * np.arange(1, 21), 64)
        measured, error = pitch_angle_diffusion(out, turn, 1, MU_EDGES)
        return measured * self.speed_kpc_Myr, error * self.speed_kpc_Myr

    @property
    def D_kpc2_Myr(self) -> tuple[float, float]:
        """Measured D and its error."""
        found = self.late.along
        return found.plateau * self.speed_kpc_Myr, found.plateau_error * self.speed_kpc_Myr

    @property
    def mean_free_path_kpc(self) -> float:
        """3 D/v of the measured D."""
        return 3.0 * self.late.along.plateau

    # -- escape --------------------------------------------------------------------------

    @cached_property
    def by_orbits(self) -> Escape:
        """Escape by orbits."""
        D = float(bohm_D(self.turbulence, self.momentum_GeV))  # which they do not use
        seed = self.seed_of("orbits")
        return escape(self.slab, self.energy_GeV, D, self.turbulence, self.particles, seed, self.threads)

    @cached_property
    def by_hybrid(self) -> Escape:
        """Escape by the hybrid engine with the measured D, which is above zero."""
        D, number = self.D_kpc2_Myr[0], HYBRID_PER_ORBIT * self.particles
        return escape(self.slab, self.energy_GeV, D, None, number, self.seed_of("hybrid"), self.threads)

    @property
    def diffusive(self) -> DiffusiveEscape:
        """Escape by the diffusion equation."""
        return DiffusiveEscape(self.slab.H_kpc, self.D_kpc2_Myr[0], self.mean_free_path_kpc)

    @property
    def time_ratio(self) -> tuple[float, float]:
        """Mean escape time of orbits over that of diffusion, and its error."""
        (time, time_error), (D, D_error) = self.by_orbits.time_Myr, self.D_kpc2_Myr
        ratio = time / self.diffusive.mean_Myr
        return ratio, abs(ratio) * math.hypot(time_error / time, self.diffusive.slope * D_error / D)

    # -- classification ------------------------------------------------------------------

    def _undecided(self) -> str | None:
        """Why the test decides nothing, if so."""
        found = self.late.along
        if not found.plateau_error < WORST_D * found.plateau:
            return f"D/v = {found.plateau:.2g} +- {found.plateau_error:.2g} kpc is known too badly"
        if not found.converged:
            change = found.late_change / found.plateau
            return f"D still changes by {change:+.0%} over the longest displacements"
        orbits = self.by_orbits
        if orbits.inside > MOST_INSIDE * self.particles:
            return f"{orbits.inside} of {self.particles} are still inside after {self.slab.t_max_Myr:.3g} Myr"
        return None

    def classification(self) -> tuple[str, str]:
        """(flag, reason): "diffusive", "marginal", "ballistic" or "not converged"."""
        if undecided := self._undecided():
            return "not converged", undecided
        over_H, lengths = self.mean_free_path_kpc / self.slab.H_kpc, self.slab.H_kpc / self._l_c
        ratio, error = self.time_ratio
        said = f"lambda = {over_H:.2g} H, escape takes {ratio:.3f} +- {error:.3f} of the diffusive time"
        if over_H > 1.0:
            return "ballistic", said
        if not error < WORST_TIME * ratio:
            return "not converged", f"{said}: known too badly"
        near = abs(ratio - 1.0) <= max(TIME_TOLERANCE, TIME_SIGMAS * error)
        if over_H < FREE_PATH_OVER_H and lengths > H_OVER_CORRELATION and near:
            return "diffusive", said
        return "marginal", said if lengths > H_OVER_CORRELATION else f"{said}, H is only {lengths:.2g} l_c"

    def row(self) -> dict[str, Any]:
        """All of it as plain numbers; D in units of c times the longest wavelength, None where unknown."""
        flag, reason = self.classification()
        return {
            "energy_GeV": self.energy_GeV,
            "r_L_kpc": self.larmor_radius_kpc,
            "r_L_over_lc": self.larmor_radius_kpc / self._l_c,
            **self._coefficients(),
            "bias_expected": estimate_cost(
                self.turbulence, self.energy_GeV, self.slab.H_kpc, self.particles
            ).bias,
            "mean_free_path_kpc": self.mean_free_path_kpc,
            "mean_free_path_over_H": self.mean_free_path_kpc / self.slab.H_kpc,
            **self._escapes(),
            "flag": flag,
            "reason": reason,
        }

    def _coefficients(self) -> dict[str, float | None]:
        """D in units of c times the longest wavelength: measured, and by theory."""
        turbulence, p, across = self.turbulence, self.momentum_GeV, self.late.across
        unit = self.speed_kpc_Myr * turbulence.wavelengths_kpc[1]
        D, D_error = self.D_kpc2_Myr
        formula = float(resonant_D(turbulence, p))
        return {
            "D_over_cLmax": D / unit,
            "error": D_error / unit,
            "D_perp": across.plateau * self.speed_kpc_Myr / unit if across else None,
            "D_perp_error": across.plateau_error * self.speed_kpc_Myr / unit if across else None,
            "D_qlt": float(quasi_linear_D(turbulence, p)) / unit if has_quasi_linear(turbulence) else None,
            "D_formula": formula / unit if math.isfinite(formula) else None,
            "D_small_angle": None if turbulence.mean_field_uG else float(small_angle_D(turbulence, p)) / unit,
            "D_bohm": float(bohm_D(turbulence, p)) / unit,
        }

    def _escapes(self) -> dict[str, Any]:
        """Escape times and grammage by all three ways, and how alike the times are."""
        orbits = self.by_orbits
        times, grammages = {"tracks": orbits.time_Myr}, {"tracks": orbits.grammage_g_cm2}
        tests: dict[str, Any] = {}
        ratio: dict[str, float] | None = None
        D, D_error = self.D_kpc2_Myr
        if D > 0.0:
            hybrid, mean = self.by_hybrid, self.diffusive.mean_Myr
            share = abs(self.diffusive.slope) * D_error / D
            grammage = M_P_G * KPC_CM * self.slab.gas_cm3 * self.speed_kpc_Myr * mean
            times |= {"hybrid": hybrid.time_Myr, "diffusive": (mean, share * mean)}
            grammages |= {"hybrid": hybrid.grammage_g_cm2, "diffusive": (grammage, share * grammage)}
            if orbits.inside < self.particles:
                ratio, tests = quantity(self.time_ratio), self._tests()
        return {
            "exit_time_Myr": {name: quantity(pair) for name, pair in times.items()},
            "exit_time_over_diffusive": ratio,
            "grammage_g_cm2": {name: quantity(pair) for name, pair in grammages.items()},
            "exit_time_tests": tests,
            "inside_at_end": orbits.inside,
        }

    def _tests(self) -> dict[str, dict[str, float]]:
        """Kolmogorov-Smirnov and Anderson-Darling: tracks against the hybrid engine and against diffusion."""
        mine, rng = self.by_orbits.times_Myr, np.random.default_rng(self.seed_of("tests"))
        # As many as there are orbits, in as many blocks.
        theirs = [block[: own.size] for own, block in zip(mine, self.by_hybrid.times_Myr, strict=False)]
        chance = rng.random(sum(block.size for block in mine))
        scale = self.diffusive.mean_Myr
        time = np.linspace(0.0, 15.0, 20_001)
        drawn = scale * np.interp(chance, self.diffusive.cdf(time * scale), time)
        by_law = np.split(drawn, np.cumsum([block.size for block in mine])[:-1])
        seed = self.seed_of("tests")
        return {"hybrid": compare(mine, theirs, seed), "diffusive": compare(mine, by_law, seed)}
