"""The current that drives the Bell instability, measured from the particles themselves, energy by energy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...fields.exceptions import UserError
from ...fields.galaxy import Galaxy
from ...fields.medium import Medium
from ...fields.units import FloatArray
from ..blocks import Transport
from ..engine import run
from ..observables import carried_over_model, point_energies_GeV
from ..result import Result
from ..spectrum import Spectrum
from ..tally import TallyGrid
from ..uncertainty import Estimate, value_and_error

CONVERGED_BELOW = 0.03
MOST_ROUNDS = 16
# A round has this share of the particles of the run.
_SHARE = 0.25
_LEAST = 1e-6  # of the injected flux, so that there is a field at every energy


@dataclass(frozen=True)
class MeasuredCurrent:
    """The galaxy with the current that its own particles carry.

    Attributes
    ----------
    galaxy : Galaxy
        With `current` set.
    energy_GeV, ratio, error : ndarray
        E^2 phi behind the surface over that of the model, and its error.
    changes : list of float
        Largest change of the saturated field in each round.
    """

    galaxy: Galaxy
    energy_GeV: FloatArray
    ratio: FloatArray
    error: FloatArray
    changes: list[float]

    @property
    def converged(self) -> bool:
        return self.changes[-1] < CONVERGED_BELOW

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, for the summary."""
        return {
            "energy_GeV": self.energy_GeV.tolist(),
            "flux_over_prl_3": Estimate(self.ratio, self.error),
            "changes_of_field": self.changes,
            "rounds": len(self.changes),
        }


def measure_current(
    galaxy: Galaxy,
    grid_of: Callable[[Galaxy], TallyGrid],
    transport: Transport,
    spectrum: Spectrum,
    threads: int,
    progress: Callable[[int, int], None],
) -> MeasuredCurrent:
    """Rounds of a short run and the current found in it, until the field stays.

    The field goes with the root of the current, so the rounds converge by themselves. Each takes new
    particles; the current is the mean over the later half of the rounds, so that their noise averages out.
    """
    few = replace(transport, particles=max(int(transport.particles * _SHARE), 1))
    changes: list[float] = []
    ratio = np.ones(1)
    rounds: list[FloatArray] = []
    noise: list[FloatArray] = []
    for number in range(MOST_ROUNDS):
        progress(number, MOST_ROUNDS)
        if not galaxy.has_bell_region:
            raise UserError(
                'medium.current = "measured": the instability is not excited: there is no current to measure'
            )
        medium, grid = galaxy.medium(), grid_of(galaxy)
        result = run(medium, grid, replace(few, seed=_seed(transport.seed, number)), spectrum, threads)
        energy, found, error = _ratio(result, galaxy, medium)
        rounds.append(np.log(found))
        noise.append(error / found)
        later = slice(len(rounds) // 2, None)
        before, ratio = ratio, np.exp(np.mean(rounds[later], axis=0))
        relative = np.sqrt(np.sum(np.square(noise[later]), axis=0)) / len(rounds[later])
        changes.append(float(np.abs(0.5 * np.log(ratio / before))[_carrying(galaxy, energy)].max()))
        galaxy = replace(galaxy, current=_interpolated(energy, ratio))
        if changes[-1] < CONVERGED_BELOW:
            break
    return MeasuredCurrent(galaxy, energy, ratio, ratio * relative, changes)


def _seed(seed: int, number: int) -> int:
    return (seed + 7919 * (number + 1)) % 2**32


def _carrying(galaxy: Galaxy, energy_GeV: FloatArray) -> np.ndarray:
    """Energies that carry the current; those beyond E_max follow noisily."""
    return energy_GeV <= max(galaxy.E_max_GeV, energy_GeV[0])


def _ratio(result: Result, galaxy: Galaxy, medium: Medium) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Energies, flux behind the surface over that of the model, and its error."""
    energy = point_energies_GeV(result)
    ratio, error = value_and_error(carried_over_model(result, galaxy, medium, energy))
    injected = np.isfinite(ratio)
    return energy[injected], np.maximum(ratio, _LEAST)[injected], error[injected]


def _interpolated(energy_GeV: FloatArray, ratio: FloatArray) -> Callable[[np.ndarray], FloatArray]:
    x, y = np.log(energy_GeV), np.log(ratio)
    return lambda E_GeV: np.exp(np.interp(np.log(E_GeV), x, y))
