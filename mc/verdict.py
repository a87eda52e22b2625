"""Does diffusion describe what tracks do? One row of measurements, and a verdict, for each energy.

Protons of one energy start at the middle plane of a slab |z| < H of homogeneous turbulence. Their D is
measured on tracks that know of no slab; their escape from the slab is then followed by orbits, by the hybrid
engine with the measured D, and taken from the diffusion equation.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ..fields.medium import Medium, Wall, axis
from ..fields.scattering import bohm_D, expected_D, quasi_linear_D, resonant_D, small_angle_D
from ..fields.streaming import larmor_radius_kpc
from ..fields.turbulence import Turbulence
from ..fields.units import KPC_CM, LARMOR_KPC, M_P_G, FloatArray, momentum_GeV, speed_kpc_Myr
from .albedo import MILNE_EXTRAPOLATION
from .diffusion import RunningDiffusion, pitch_angle_diffusion, running_diffusion
from .orbit import orbit_step_kpc
from .result import Result, value_and_error
from .run import REALISATION_AT_LEAST, Transport, run
from .tally import TallyGrid
from .tracks import tracks

# A free path of less than H/20 and more than twenty correlation lengths across: diffusion should hold.
FREE_PATH_OVER_H, H_OVER_CORRELATION = 0.05, 20.0
TIME_TOLERANCE, TIME_SIGMAS = 0.03, 2.0
# D is of displacements over 20 free paths and 5 correlation lengths at least; tracks are five times longer.
LONGEST_OVER_FREE_PATH, LONGEST_OVER_CORRELATION = 20.0, 5.0
LONGEST_RECORDS, RECORDS = 48, 240
HYBRID_PER_ORBIT = 16
_WIDTH = 1.005
_LONG_MYR, _FAR_OVER_H = 1e30, 1e4
MU_EDGES, PITCH_REALISATIONS = np.linspace(-1.0, 1.0, 21), 40


class Sample(NamedTuple):
    """Escape from the slab by one method: times [Myr], grammage [g cm^-2], each mean with its error."""

    times_Myr: FloatArray
    time_Myr: tuple[float, float]
    grammage_g_cm2: tuple[float, float]
    result: Result


class Running(NamedTuple):
    """D over v along the mean field and across it; of all axes, and None, where there is no mean field."""

    along: RunningDiffusion
    across: RunningDiffusion | None


@dataclass(frozen=True)
class Case:
    """Protons of one energy in a slab of turbulence, and what was measured on them.

    Attributes
    ----------
    turbulence : Turbulence
        What they go through.
    energy_GeV, H_kpc, gas_cm3 : float
        Total energy, half-thickness of the slab, hydrogen in it.
    particles, seed, threads : int
        As in `run`.
    """

    turbulence: Turbulence
    energy_GeV: float
    H_kpc: float
    gas_cm3: float
    particles: int
    seed: int
    threads: int

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

    # -- tracks --------------------------------------------------------------------------

    def _running(self, longest_kpc: float) -> Running:
        """D from displacements over up to a path, on tracks without a boundary."""
        step = orbit_step_kpc(self.larmor_radius_kpc, self.turbulence.correlation_length_kpc)
        spacing = max(1, round(longest_kpc / LONGEST_RECORDS / step)) * step
        fields = self._fields(-(-self.particles // REALISATION_AT_LEAST))
        path = spacing * np.arange(1, RECORDS + 1)
        out = self._tracks(fields, step, path, REALISATION_AT_LEAST)
        mean_field = self.turbulence.mean_field_uG > 0
        return Running(
            running_diffusion(out, spacing, LONGEST_RECORDS, (2,) if mean_field else (0, 1, 2)),
            running_diffusion(out, spacing, LONGEST_RECORDS, (0, 1)) if mean_field else None,
        )

    def _fields(self, count: int) -> list[Any]:
        return [self.turbulence.realisation((self.seed, block)) for block in range(count)]

    def _tracks(self, fields: list[Any], step: float, path: ArrayLike, particles: int) -> FloatArray:
        box = 100.0 * self.turbulence.wavelengths_kpc[1]
        rigidity = LARMOR_KPC * self.momentum_GeV
        return tracks(fields, rigidity, step, path, particles, box, self.seed, self.threads)

    @cached_property
    def early(self) -> Running:
        """D from displacements of up to 20 free paths, as theory expects them."""
        expected = 3.0 * float(expected_D(self.turbulence, self.momentum_GeV)) / self.speed_kpc_Myr
        return self._running(LONGEST_OVER_FREE_PATH * expected)

    @cached_property
    def late(self) -> Running:
        """D from displacements that also go over 5 correlation lengths: what is left of `early` decides."""
        early = self.early.along
        longest = (LONGEST_OVER_CORRELATION * self.turbulence.correlation_length_kpc) ** 2 / (
            2.0 * early.plateau
        )
        return self._running(longest) if longest > early.path_kpc[-1] else self.early

    def pitch_angles(self) -> tuple[FloatArray, FloatArray]:
        """D_mumu [1/Myr] and its error in the bins `MU_EDGES`: how dmu^2 grows over a second gyration."""
        turn = 2.0 * np.pi * self.larmor_radius_kpc
        out = self._tracks(self._fields(PITCH_REALISATIONS), turn / 64, turn * np.arange(1, 21), 64)
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

    def _slab(self) -> tuple[Medium, TallyGrid]:
        """The slab with the measured D, and a grid of one narrow group of energies on either side."""
        D, _ = self.D_kpc2_Myr
        H, gas = self.H_kpc, self.gas_cm3
        far = _FAR_OVER_H * H
        medium = Medium.tabulate(
            diffusion_halo=lambda p, R, z: D + 0.0 * p * R * z,
            surface=lambda R, z: z - H + 0.0 * R,
            gas_halo=lambda R, z: gas + 0.0 * R * z,
            R_axis=axis((far, far / 2)),
            z_axis=axis((H, H / 64), (4 * H, H / 4)),
            r_max_kpc=far,
            wall=Wall.ABSORBING,
        )
        energies = self.energy_GeV * np.array([1.0 / _WIDTH, 1.0, _WIDTH])
        whole = np.array([0.0, far])
        return medium, TallyGrid(energies, whole, np.array([0.0, H]), whole, whole)

    def _escape(self, method: str, particles: int) -> Sample:
        medium, grid = self._slab()
        turbulence = self.turbulence if method == "orbit" else None
        # Starts spread over many correlation lengths.
        transport = Transport(
            particles, self.seed, method, 1, _LONG_MYR, R_d_kpc=self.H_kpc, turbulence=turbulence
        )
        ages = np.empty(particles)
        provenance = {"energy_GeV": self.energy_GeV, "method": method}
        result = run(medium, grid, transport, threads=self.threads, ages_Myr=ages, provenance=provenance)
        escape = result.per_particle("escape").mean(axis=1)
        grammage = result.per_particle("grammage").sum(axis=2).mean(axis=1)
        mean, error = value_and_error(escape[:, 1] / escape[:, 0])
        X, X_error = value_and_error(grammage)
        return Sample(ages, (float(mean), float(error)), (float(X), float(X_error)), result)

    @cached_property
    def by_orbits(self) -> Sample:
        """Escape by orbits."""
        return self._escape("orbit", self.particles)

    @cached_property
    def by_hybrid(self) -> Sample:
        """Escape by the hybrid engine with the measured D."""
        return self._escape("hybrid", HYBRID_PER_ORBIT * self.particles)

    @property
    def _thicker_kpc(self) -> float:
        """Where a diffusive density would fall to zero: 0.71 lambda beyond the surface (Milne)."""
        return self.H_kpc + MILNE_EXTRAPOLATION * self.mean_free_path_kpc

    @property
    def diffusive_time_Myr(self) -> float:
        """Mean escape time of the diffusion equation, (H + 0.71 lambda)^2/(2 D)."""
        return self._thicker_kpc**2 / (2.0 * self.D_kpc2_Myr[0])

    def diffusive_cdf(self, time_Myr: FloatArray) -> FloatArray:
        """Share that has escaped by a time, from the diffusion equation with its zero 0.71 lambda outside."""
        x = self.D_kpc2_Myr[0] * np.asarray(time_Myr, float)[..., None] / self._thicker_kpc**2
        n = np.arange(200)
        terms = (-1.0) ** n / (2 * n + 1) * np.exp(-((np.pi * (n + 0.5)) ** 2) * x)
        # The sum converges slowly where nothing has escaped yet.
        left = np.where(x[..., 0] > 5e-3, 4.0 / np.pi * terms.sum(axis=-1), 1.0)
        return np.clip(1.0 - left, 0.0, 1.0)

    # -- verdict -------------------------------------------------------------------------

    def judgement(self) -> tuple[str, str]:
        """(flag, reason): "diffusive", "marginal", "ballistic" or "not converged"."""
        found = self.late.along
        if not found.converged:
            change = 100.0 * found.late_change / found.plateau
            return "not converged", f"D still changes by {change:+.0f}% over the longest displacements"
        over_H = self.mean_free_path_kpc / self.H_kpc
        lengths = self.H_kpc / self.turbulence.correlation_length_kpc
        (time, time_error), (D, D_error) = self.by_orbits.time_Myr, self.D_kpc2_Myr
        ratio = time / self.diffusive_time_Myr
        error = ratio * float(np.hypot(time_error / time, D_error / D))
        said = f"lambda = {over_H:.2g} H, escape takes {ratio:.3f} +- {error:.3f} of the diffusive time"
        if over_H > 1.0:
            return "ballistic", said
        near = abs(ratio - 1.0) <= max(TIME_TOLERANCE, TIME_SIGMAS * error)
        if over_H < FREE_PATH_OVER_H and lengths > H_OVER_CORRELATION and near:
            return "diffusive", said
        return "marginal", said if lengths > H_OVER_CORRELATION else f"{said}, H is only {lengths:.2g} l_c"

    def row(self) -> dict[str, Any]:
        """All of it as plain numbers; D in units of c times the longest wavelength."""
        turbulence, p = self.turbulence, self.momentum_GeV
        unit = self.speed_kpc_Myr * turbulence.wavelengths_kpc[1]
        (D, D_error), across = self.D_kpc2_Myr, self.late.across
        flag, reason = self.judgement()
        orbits, hybrid = self.by_orbits, self.by_hybrid
        slab = turbulence.geometry == "slab" and turbulence.mean_field_uG > 0
        formula = float(resonant_D(turbulence, p))
        grammage = M_P_G * KPC_CM * self.gas_cm3 * self.speed_kpc_Myr * self.diffusive_time_Myr
        return {
            "energy_GeV": self.energy_GeV,
            "r_L_kpc": self.larmor_radius_kpc,
            "r_L_over_lc": self.larmor_radius_kpc / turbulence.correlation_length_kpc,
            "D_over_cLmax": D / unit,
            "error": D_error / unit,
            "D_perp": across.plateau * self.speed_kpc_Myr / unit if across else None,
            "D_perp_error": across.plateau_error * self.speed_kpc_Myr / unit if across else None,
            "D_qlt": float(quasi_linear_D(turbulence, p)) / unit if slab else None,
            "D_formula": formula / unit if np.isfinite(formula) else None,
            "D_small_angle": None if turbulence.mean_field_uG else float(small_angle_D(turbulence, p)) / unit,
            "D_bohm": float(bohm_D(turbulence, p)) / unit,
            "mean_free_path_kpc": self.mean_free_path_kpc,
            "mean_free_path_over_H": self.mean_free_path_kpc / self.H_kpc,
            "exit_time_Myr": {
                "tracks": _quantity(orbits.time_Myr),
                "hybrid": _quantity(hybrid.time_Myr),
                "diffusive": _quantity((self.diffusive_time_Myr, self.diffusive_time_Myr * D_error / D)),
            },
            "grammage_g_cm2": {
                "tracks": _quantity(orbits.grammage_g_cm2),
                "hybrid": _quantity(hybrid.grammage_g_cm2),
                "diffusive": _quantity((grammage, grammage * D_error / D)),
            },
            "exit_time_tests": self._tests(),
            "flag": flag,
            "reason": reason,
        }

    def _tests(self) -> dict[str, dict[str, float]]:
        """Kolmogorov-Smirnov and Anderson-Darling, tracks against the other two; p-values."""
        mine, theirs = self.by_orbits.times_Myr, self.by_hybrid.times_Myr
        against_hybrid = stats.ks_2samp(mine, theirs)
        against_diffusion = stats.kstest(mine, self.diffusive_cdf)
        shuffled = stats.PermutationMethod(n_resamples=499, rng=np.random.default_rng(self.seed))
        with warnings.catch_warnings():
            # Of a default that will change, to a form of the statistic that is the same without ties.
            warnings.simplefilter("ignore")
            anderson = stats.anderson_ksamp([mine, theirs[: mine.size]], method=shuffled)
        return {
            "hybrid": {
                "ks": float(against_hybrid.statistic),
                "ks_p": float(against_hybrid.pvalue),
                "ad": float(anderson.statistic),
                "ad_p": float(anderson.pvalue),
            },
            "diffusive": {"ks": float(against_diffusion.statistic), "ks_p": float(against_diffusion.pvalue)},
        }


def _quantity(pair: tuple[float, float]) -> dict[str, float]:
    return {"value": pair[0], "error": pair[1]}
