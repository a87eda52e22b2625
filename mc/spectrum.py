"""Injection in the disc, and its spectrum, which is applied to tallies after the run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.integrate import quad

from ..fields.bell import luminosity_per_ln_E
from ..fields.limits import check_source
from ..fields.units import GEV_ERG, energy_label


@dataclass(frozen=True)
class Spectrum:
    """Protons injected per second and energy, Q(E) = A E^-slope exp(-E/E_max) above E_min.

    A is set by L_CR over E_min ... E_max with sharp limits, so that E^2 Q is L_CR/Lambda for slope 2, as
    in PRL Eq. 3; the exponential cut-off then takes a few per cent of the luminosity away. With a slope
    above E_max the power law changes there instead of being cut off, and adds luminosity. With a slope beyond
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
    slope_beyond : float or None
        Of the spectrum from `E_break_GeV` to E_max; None for no break.
    E_break_GeV : float
        Total energy at which the slope changes.
    """

    L_CR_erg_s: float = 1e41
    slope: float = 2.0
    E_min_GeV: float = 1.0
    E_max_GeV: float = 1e6
    slope_above: float | None = None
    slope_beyond: float | None = None
    E_break_GeV: float = 1e4

    def __post_init__(self) -> None:
        """Refuse what is not allowed (`UserError`); quantities with units are converted."""
        check_source(self)

    def __str__(self) -> str:
        """As E^-2 from 1 GeV to 1 PeV, 1e+41 erg/s."""
        ends = f"from {energy_label(self.E_min_GeV)} to {energy_label(self.E_max_GeV)}"
        above = "" if self.slope_above is None else f", E^-{self.slope_above:g} above"
        if self.slope_beyond is not None:
            above = f", E^-{self.slope_beyond:g} above {energy_label(self.E_break_GeV)}{above}"
        return f"E^-{self.slope:g} {ends}{above}, {self.L_CR_erg_s:g} erg/s"

    def rate_GeV_s(self, energy_GeV: np.ndarray) -> np.ndarray:
        """Q(E) [GeV^-1 s^-1]."""
        E = np.asarray(energy_GeV, float)
        x = E / self.E_max_GeV
        bent = self.slope_beyond, self.E_break_GeV
        share = luminosity_per_ln_E(E, self.slope, self.E_min_GeV, self.E_max_GeV, *bent)
        if self.slope_above is None:
            share = share * np.exp(-x)
        else:
            last = self.slope if self.slope_beyond is None else self.slope_beyond
            share = share * np.maximum(x, 1.0) ** (last - self.slope_above)
        per_ln_E = self.L_CR_erg_s / GEV_ERG * share
        return np.where(E >= self.E_min_GeV * (1 - 1e-12), per_ln_E / E**2, 0.0)

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
