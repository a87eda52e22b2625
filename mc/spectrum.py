"""Injection in the disc, and its spectrum, which is applied to tallies after the run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.integrate import quad

from ..fields.bell import spectrum_normalisation
from ..fields.exceptions import UserError
from ..fields.limits import check_source
from ..fields.units import GEV_ERG, energy_label


@dataclass(frozen=True)
class Spectrum:
    """Protons injected per second and energy, Q(E) = A E^-slope exp(-E/E_max) above E_min.

    A is set by L_CR over E_min ... E_max with sharp limits, so that E^2 Q is L_CR/Lambda for slope 2, as
    in PRL Eq. 3; the exponential cut-off then takes a few per cent of the luminosity away. With a slope
    above E_max the power law changes there instead of being cut off, and adds luminosity. With a slope below
    E_break it changes there too, within the same luminosity.

    Attributes
    ----------
    L_CR_erg_s : float
        Luminosity of the whole disc.
    slope : float
        Of the energy spectrum.
    E_min_GeV, E_max_GeV : float
        Total energies.
    slope_above : float or None
        Of the spectrum above E_max; None for the cut-off.
    slope_below : float or None
        Of the spectrum below `E_break_GeV`; None for no break.
    E_break_GeV : float
        Total energy at which the slope changes.
    """

    L_CR_erg_s: float = 1e41
    slope: float = 2.0
    E_min_GeV: float = 1.0
    E_max_GeV: float = 1e6
    slope_above: float | None = None
    slope_below: float | None = None
    E_break_GeV: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what is not allowed (`UserError`); quantities with units are converted."""
        check_source(self)
        if self.slope_below is not None and not self.E_min_GeV < self.E_break_GeV < self.E_max_GeV:
            raise UserError(
                f"Spectrum.E_break_GeV = {self.E_break_GeV:g}: allowed: between E_min_GeV = "
                f"{self.E_min_GeV:g} and E_max_GeV = {self.E_max_GeV:g}"
            )

    def __str__(self) -> str:
        """As E^-2 from 1 GeV to 1 PeV, 1e+41 erg/s."""
        ends = f"from {energy_label(self.E_min_GeV)} to {energy_label(self.E_max_GeV)}"
        above = "" if self.slope_above is None else f", E^-{self.slope_above:g} above"
        below = "" if self.slope_below is None else f"E^-{self.slope_below:g} to {self.E_break_GeV:g} GeV, "
        return f"{below}E^-{self.slope:g} {ends}{above}, {self.L_CR_erg_s:g} erg/s"

    def rate_GeV_s(self, energy_GeV: np.ndarray) -> np.ndarray:
        """Q(E) [GeV^-1 s^-1]."""
        E = np.asarray(energy_GeV, float)
        per_ln_E = self.L_CR_erg_s / GEV_ERG * self._normalisation
        x = E / self.E_max_GeV
        if self.slope_above is None:
            shape = x ** (2.0 - self.slope) * np.exp(-x)
        else:
            shape = x ** (2.0 - np.where(x > 1.0, self.slope_above, self.slope))
        if self.slope_below is not None:
            shape = shape * np.minimum(E / self.E_break_GeV, 1.0) ** (self.slope - self.slope_below)
        return np.where(E >= self.E_min_GeV * (1 - 1e-12), per_ln_E * shape / E**2, 0.0)

    @property
    def _normalisation(self) -> float:
        """Fraction of the luminosity injected per unit ln E at E_max, limits taken as sharp."""
        if self.slope_below is None:
            return spectrum_normalisation(self.slope, self.E_min_GeV, self.E_max_GeV)
        above = 1.0 / spectrum_normalisation(self.slope, self.E_break_GeV, self.E_max_GeV)
        below = 1.0 / spectrum_normalisation(self.slope_below, self.E_min_GeV, self.E_break_GeV)
        return 1.0 / (above + below * (self.E_break_GeV / self.E_max_GeV) ** (2.0 - self.slope))

    def group_rates_s(self, edges_GeV: np.ndarray) -> np.ndarray:
        """Protons injected per second in each group."""
        return np.array(_group_rates_s(self, tuple(np.asarray(edges_GeV, float).tolist())))

    def as_dict(self) -> dict[str, float | None]:
        """Plain numbers, for files."""
        return asdict(self)


@lru_cache(maxsize=256)
def _group_rates_s(spectrum: Spectrum, edges_GeV: tuple[float, ...]) -> tuple[float, ...]:
    """Kept: a run asks for the same ones many times."""

    def per_ln_E(x: float) -> float:
        return float(spectrum.rate_GeV_s(np.exp(x)) * np.exp(x))

    used = np.log(np.maximum(edges_GeV, spectrum.E_min_GeV))
    return tuple(float(quad(per_ln_E, low, high, epsrel=1e-10)[0]) for low, high in pairwise(used))
