"""Maps of a band of energies, from those at single ones: what counts of events are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...fields.exceptions import UserError
from ...fields.limits import number_in
from ...fields.units import FloatArray

# Ends of a band may be this far beyond the energies of the maps, for these were rounded.
_ROUNDING = 1e-9


@dataclass(frozen=True, repr=False)
class BandMaps:
    """Intensity of each component between two energies.

    Attributes
    ----------
    low_GeV, high_GeV : float
        The band.
    maps : dict of ndarray, each (n_pix,)
        Per component, in cm^-2 s^-1 sr^-1; neutrinos per flavour.
    relative_error : ndarray, shape (n_pix,)
        Of the sum of the components. Those of single energies are taken to go together, as they do: it is the
        same particles that make them.
    """

    low_GeV: float
    high_GeV: float
    maps: dict[str, FloatArray]
    relative_error: FloatArray

    def __repr__(self) -> str:
        band = f"{self.low_GeV:g} to {self.high_GeV:g} GeV"
        return f"<BandMaps: {', '.join(self.maps)} from {band}, {self.relative_error.size} pixels>"

    @property
    def total(self) -> FloatArray:
        """Sum of the components."""
        return sum(self.maps.values(), start=np.zeros_like(self.relative_error))


def band_integral(
    energy_GeV: FloatArray, intensity: FloatArray, low_GeV: float, high_GeV: float
) -> FloatArray:
    """Integral over energy of intensities that are power laws between energies; exact for power laws.

    Parameters
    ----------
    energy_GeV : ndarray, shape (n_energy,)
        Increasing, from `low_GeV` or below to `high_GeV` or above.
    intensity : ndarray, shape (n_energy, ...)
        Per GeV, non-negative; between an energy and the next where one of them is zero there is nothing.
    low_GeV, high_GeV : float
        The band.

    Returns
    -------
    ndarray, of the shape (...)
    """
    inside = energy_GeV[(energy_GeV > low_GeV) & (energy_GeV < high_GeV)]
    x = np.log(np.concatenate([[low_GeV], inside, [high_GeV]]))
    ln_E = np.log(energy_GeV)
    lower = np.clip(np.searchsorted(ln_E, x, side="right") - 1, 0, len(ln_E) - 2)
    along = (slice(None),) + (None,) * (intensity.ndim - 1)
    part = np.clip((x - ln_E[lower]) / (ln_E[lower + 1] - ln_E[lower]), 0.0, 1.0)[along]
    with np.errstate(divide="ignore", invalid="ignore"):
        ln_I = np.log(intensity)
        ln_EI = (1.0 - part) * ln_I[lower] + part * ln_I[lower + 1] + x[along]
        rise = np.diff(ln_EI, axis=0)
        # The mean of E I in ln E between two energies is their logarithmic mean.
        mean = np.exp(ln_EI[:-1]) * np.where(rise == 0.0, 1.0, np.expm1(rise) / rise)
    return np.asarray((np.where(np.isfinite(mean), mean, 0.0) * np.diff(x)[along]).sum(axis=0))


def in_band(sky: Any, low_GeV: Any, high_GeV: Any) -> BandMaps:
    """The maps of a sky in a band, see `ComponentMaps.in_band`."""
    low, high = number_in(low_GeV, "GeV", "low_GeV"), number_in(high_GeV, "GeV", "high_GeV")
    first, last = float(sky.energy_GeV.min()), float(sky.energy_GeV.max())
    if sky.energy_GeV.size < 2 or (np.diff(sky.energy_GeV) <= 0).any():
        raise UserError("energy_GeV of the sky: allowed for a band: two energies or more that increase")
    if not first * (1 - _ROUNDING) <= low < high <= last * (1 + _ROUNDING):
        raise UserError(
            f"low_GeV, high_GeV = {low:g}, {high:g}: allowed: from low to high within {first:g} to {last:g}, "
            "the energies of the sky"
        )

    def integral(intensity: FloatArray) -> FloatArray:
        return band_integral(sky.energy_GeV, intensity, low, high)

    maps = {name: integral(np.asarray(part, float)) for name, part in sky.maps.items()}
    error, total = integral(sky.relative_error * sky.total), sum(maps.values())
    return BandMaps(low, high, maps, np.divide(error, total, out=np.zeros_like(error), where=total > 0))
