"""Published measurements as arrays, from the tables in `published/`.

Each table (ECSV) has the units of its columns, its source and its conventions in its header. A column in
another unit than the one expected here is refused.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import GEV_ERG, KPC_CM, M_P_GEV, FloatArray

_FOLDER = Path(__file__).parent / "published"
_NUCLEON_GEV = 0.9315


@cache
def _table(name: str) -> Any:
    """A table with its header, as astropy reads it."""
    from astropy.table import Table

    return Table.read(_FOLDER / f"{name}.ecsv", format="ascii.ecsv")


def _columns(name: str, **units: str) -> list[FloatArray]:
    """Columns of a table, each of which must have the unit that is given here; "1" is a plain number."""
    from astropy.units import Unit

    table = _table(name)
    for column, unit in units.items():
        found = table[column].unit
        if found is None or found != Unit(unit):
            raise ValueError(f"{name}.ecsv: {column} is in {found!r} where {unit!r} is expected")
    return [np.array(table[column], dtype=float) for column in units]


# -- measured points -----------------------------------------------------------------------


class Points(NamedTuple):
    """Points of one measurement; one whose lower end is zero or less is an upper limit at its upper end.

    Attributes
    ----------
    label : str
        Experiment and year, for a legend.
    x : ndarray, shape (n,)
        Centres of the bins, energies in GeV or rigidities in GV.
    low, value, high : ndarray, shape (n,)
        Lower end, value and upper end of what was measured.
    edges : ndarray, shape (n, 2)
        Lower and upper edge of each bin; both are the centre where no edges are published.
    """

    label: str
    x: FloatArray
    low: FloatArray
    value: FloatArray
    high: FloatArray
    edges: FloatArray

    @property
    def is_limit(self) -> np.ndarray:
        return self.low <= 0

    @property
    def drawn(self) -> FloatArray:
        """Where each point is drawn: values, and the upper ends of limits."""
        return np.where(self.is_limit, self.high, self.value)

    @property
    def errors(self) -> FloatArray:
        """Lengths of the error bars, below and above, of shape (2, n)."""
        return np.stack([self.value - self.low, self.high - self.value])

    def times(self, factor: float) -> Points:
        """The points times a number."""
        low, value, high = (factor * each for each in (self.low, self.value, self.high))
        return self._replace(low=low, value=value, high=high)

    def times_power(self, power: float) -> Points:
        """The points times x^power, as figures of steep spectra show them."""
        low, value, high = (self.x**power * each for each in (self.low, self.value, self.high))
        return self._replace(low=low, value=value, high=high)

    def at(self, x: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Value and error (mean of both sides) between the points, log-log; NaN beyond the first and last."""
        ln_x, ln_points = np.log(np.asarray(x, dtype=float)), np.log(self.x)
        columns = (self.value, self.errors.mean(axis=0))
        value, error = (
            np.exp(np.interp(ln_x, ln_points, np.log(column), left=np.nan, right=np.nan))
            for column in columns
        )
        return value, error


def _in_bins(name: str, edges: list[FloatArray], ends: list[FloatArray]) -> Points:
    """Points in bins of energy, from the edges of the bins, and (low, value, high)."""
    centre, (low, value, high) = np.sqrt(edges[0] * edges[1]), ends
    return Points(_table(name).meta["label"], centre, low, value, high, np.stack(edges, axis=1))


def _with_errors(name: str, x: FloatArray, value: FloatArray, below: FloatArray, above: FloatArray) -> Points:
    """Points from values and the lengths of their error bars."""
    edges = np.stack([x, x], axis=1)
    return Points(_table(name).meta["label"], x, value - below, value, value + above, edges)


# -- cosmic rays at the Earth --------------------------------------------------------------


_PER_RIGIDITY = "m-2 s-1 sr-1 GV-1"


def _against_rigidity(name: str, value: str = "flux", unit: str = _PER_RIGIDITY) -> Points:
    """Points of a table by rigidity in GV."""
    return _with_errors(
        name, *_columns(name, rigidity="GV", **{value: unit, "error_low": unit, "error_high": unit})
    )


def proton_rigidity_GV(kinetic_GeV: FloatArray) -> FloatArray:
    """Rigidity of a proton of a kinetic energy."""
    return np.sqrt(kinetic_GeV * (kinetic_GeV + 2.0 * M_P_GEV))


def per_proton_rigidity(kinetic_GeV: FloatArray) -> FloatArray:
    """dE/dR, what turns a flux of protons per energy into one per rigidity."""
    return proton_rigidity_GV(kinetic_GeV) / (kinetic_GeV + M_P_GEV)


def nucleus_rigidity_GV(kinetic_per_nucleon_GeV: FloatArray) -> FloatArray:
    """Rigidity of a nucleus of two nucleons a charge."""
    return 2.0 * np.sqrt(kinetic_per_nucleon_GeV * (kinetic_per_nucleon_GeV + 2.0 * _NUCLEON_GEV))


_BORON_MASS, _BORON_SLOPE = 10.7, 3.05
AT_EQUAL_RIGIDITY = (_BORON_MASS / 10.0) ** (_BORON_SLOPE - 1.0)
"""B/C at equal rigidity over that at equal energy per nucleon, where boron has 1.07 times the rigidity of
carbon and falls as R^-3.05: 1.15. Two tables of AMS-02, of 2016 and 2021, have 1.12(3)."""


def protons() -> list[Points]:
    """Fluxes of protons per rigidity, m^-2 s^-1 sr^-1 GV^-1, against rigidity in GV."""
    found, unit = [_against_rigidity("ams02_protons")], "m-2 s-1 sr-1 GeV-1"
    for name in ("dampe_protons", "calet_protons"):
        energy, *fluxes = _columns(name, energy="GeV", flux=unit, error_low=unit, error_high=unit)
        per_rigidity = per_proton_rigidity(energy)
        found.append(
            _with_errors(name, proton_rigidity_GV(energy), *(flux * per_rigidity for flux in fluxes))
        )
    return found


def helium() -> Points:
    """Flux of helium per rigidity, m^-2 s^-1 sr^-1 GV^-1, against rigidity in GV (AMS-02 2021)."""
    return _against_rigidity("ams02_helium")


_NUCLEI = {"He": "helium", "C": "carbon", "N": "nitrogen", "O": "oxygen"}
_NUCLEI |= {"Ne": "neon", "Mg": "magnesium", "Si": "silicon", "Fe": "iron"}


def nuclei() -> dict[str, Points]:
    """Fluxes of nuclei per rigidity, m^-2 s^-1 sr^-1 GV^-1, against rigidity in GV (AMS-02 2020 and 2021).

    Returns
    -------
    dict of str to Points
        By symbol: He, C, N, O, Ne, Mg, Si, Fe; all isotopes of each.
    """
    return {symbol: _against_rigidity(f"ams02_{name}") for symbol, name in _NUCLEI.items()}


def positrons() -> Points:
    """Flux of positrons, m^-2 s^-1 sr^-1 GeV^-1, against energy in GeV (AMS-02 2019)."""
    name, unit = "ams02_positrons", "m-2 s-1 sr-1 GeV-1"
    return _with_errors(name, *_columns(name, energy="GeV", flux=unit, error_low=unit, error_high=unit))


def antiproton_over_proton() -> Points:
    """Antiprotons over protons against rigidity in GV, from both fluxes of one period (AMS-02 2021).

    Above 80 GV, where antiprotons are in wider bins, the protons are taken between their points. The error
    is that of both fluxes in quadrature, larger than if errors that they share were left out.
    """
    antiprotons, protons = _against_rigidity("ams02_antiprotons"), _against_rigidity("ams02_protons")
    flux, error = protons.at(antiprotons.x)
    ratio = antiprotons.value / flux
    errors = ratio * np.hypot(antiprotons.errors / antiprotons.value, error / flux)
    return _with_errors("ams02_antiprotons", antiprotons.x, ratio, *errors)


def boron_over_carbon() -> list[Points]:
    """Boron over carbon against rigidity in GV.

    A ratio at equal energy per nucleon is turned to one at equal rigidity, that of two nucleons a charge, by
    `AT_EQUAL_RIGIDITY`.
    """
    found = [_against_rigidity("ams02_bc", "ratio", "1")]
    for name in ("dampe_bc", "calet_bc"):
        energy, *ratios = _columns(name, energy_per_nucleon="GeV", ratio="1", error_low="1", error_high="1")
        found.append(
            _with_errors(name, nucleus_rigidity_GV(energy), *(AT_EQUAL_RIGIDITY * each for each in ratios))
        )
    return found


# -- neutrinos and isotropic gamma rays: E^2 I in GeV cm^-2 s^-1 sr^-1 against E in GeV ------


def icecube() -> list[Points]:
    """All-sky astrophysical neutrinos, nu + nubar per flavour, in segments of energy (IceCube 2025)."""
    unit = "1e-8 GeV cm-2 s-1 sr-1"
    found = []
    for name in ("icecube_combined", "icecube_mese"):
        *edges, low, value, high = _columns(
            name, energy_low="GeV", energy_high="GeV", flux_low=unit, flux=unit, flux_high=unit
        )
        found.append(_in_bins(name, edges, [1e-8 * low, 1e-8 * value, 1e-8 * high]))
    return found


def fermi_igrb() -> Points:
    """Isotropic gamma-ray background as E^2 dN/dE (Fermi-LAT 2015, foreground model A).

    A flux F in a band is E^2 dN/dE = F E_min E_max/(E_max - E_min), exact for E^-2 within the band. The
    error adds that of the foreground in quadrature.
    """
    name, columns = (
        "fermi_igrb",
        ("flux", "error_low", "error_high", "foreground_low", "foreground_high"),
    )
    low, high, *fluxes = _columns(
        name, energy_low="MeV", energy_high="MeV", **dict.fromkeys(columns, "1e-10 cm-2 s-1 sr-1")
    )
    low, high = 1e-3 * low, 1e-3 * high
    value, down, up, foreground_down, foreground_up = (1e-10 * f * low * high / (high - low) for f in fluxes)
    ends = [value - np.hypot(down, foreground_down), value, value + np.hypot(up, foreground_up)]
    return _in_bins(name, [low, high], ends)


def lhaaso_plane(part: str) -> Points:
    """Diffuse gamma rays of the "inner" or "outer" plane without sources, as E^2 dN/dE (LHAASO 2023)."""
    name, unit = f"lhaaso_{part}", "TeV-1 cm-2 s-1 sr-1"
    energies = _columns(name, energy_low="TeV", energy_high="TeV", energy="TeV")
    low, high, E = (1e3 * each for each in energies)
    fluxes = _columns(name, flux=unit, error_low=unit, error_high=unit)
    points = _with_errors(name, E, *(1e-3 * E**2 * each for each in fluxes))
    return points._replace(edges=np.stack([low, high], axis=1))


def pev_gamma_limit() -> Points:
    """Limit on isotropic gamma rays from their share in the cosmic rays (KASCADE-Grande 2017).

    The share is taken as that of the fluxes above the energy; with photons as E^-2 it gives E^2 dN/dE =
    share E I_CR(>E). The flux of cosmic rays is that of IceTop 2020.
    """
    name = "kascade_grande_gamma"
    E, share = _columns(name, energy="GeV", share="1")
    flux, slope = _columns("icetop_all_particles", flux="GeV-1 cm-2 s-1 sr-1", slope="1")
    limit = share * E**2 * flux / (slope - 1)
    return _in_bins(name, [E, E], [0 * E, limit, limit])


# -- M31 in gamma rays ---------------------------------------------------------------------

M31_DISTANCE_KPC = 780.0
"""Distance with which Pshirkov et al. 2016 turn flux into luminosity."""
M31_INCLINATION_DEG = 77.0
"""Usual inclination of the disc; its atomic hydrogen has 74 deg (Chemin et al. 2009, arXiv:0909.3846)."""


class M31Emission(NamedTuple):
    """A component of M31 as published, NaN where the paper's abstract gives no number.

    Attributes
    ----------
    component, source : str
        What it is, and the paper.
    low_GeV, high_GeV : float
        Range of photon energies.
    radius_deg : float
        Of the uniformly bright circle that was fitted.
    flux_cm2_s, luminosity_erg_s : (value, error)
        Photons and energy in that range.
    extent_kpc : (from, to)
        How far from the centre light was found, between these values.
    """

    component: str
    source: str
    low_GeV: float
    high_GeV: float
    radius_deg: float
    flux_cm2_s: tuple[float, float]
    luminosity_erg_s: tuple[float, float]
    extent_kpc: tuple[float, float]


def m31_emission() -> dict[str, M31Emission]:
    """Gamma rays from M31, the nearest large spiral seen from outside, as Fermi-LAT papers report them.

    Returns
    -------
    dict of str to M31Emission
        "halo circle", a circle of 0.9 deg, which is 12 kpc, and the "disc" fitted beside it;
        "halo bubbles", the same authors' later fit of two bubbles of 6 to 7.5 kpc above and below the disc,
        better than a circle; "bulge", with a spectrum E^-2.57 +- 0.17; "outer halo", an excess that ends
        somewhere between two radii.
    """
    units = {"energy_low": "GeV", "energy_high": "GeV", "radius": "deg"}
    units |= {"flux": "cm-2 s-1", "flux_error": "cm-2 s-1", "luminosity": "erg s-1"}
    units |= {"luminosity_error": "erg s-1", "extent_near": "kpc", "extent_far": "kpc"}
    numbers = np.stack(_columns("m31", **units), axis=1).tolist()
    words = zip(*(_table("m31")[column].tolist() for column in ("name", "component", "source")), strict=True)
    found = {}
    for (name, component, source), (low, high, radius, *pairs) in zip(words, numbers, strict=True):
        flux, luminosity, extent = zip(pairs[::2], pairs[1::2], strict=True)
        found[name] = M31Emission(component, source, low, high, radius, flux, luminosity, extent)
    return found


def _moment(power: float, low_GeV: float, high_GeV: float) -> float:
    """Integral of E^(power - 1) dE."""
    if abs(power) < 1e-9:
        return float(np.log(high_GeV / low_GeV))
    return float((high_GeV**power - low_GeV**power) / power)


def mean_E2_intensity(
    flux_cm2_s: ArrayLike,
    radius_deg: float,
    low_GeV: float,
    high_GeV: float,
    *,
    energy_GeV: float = 1.0,
    slope: float = 2.0,
) -> FloatArray:
    """Mean E^2 I in GeV cm^-2 s^-1 sr^-1 of a circle on the sky, from its flux of photons in a range.

    The spectrum is taken as E^-slope; for slope 2 E^2 I is the same at all energies. At 1 GeV the
    "halo circle" of M31 has 1.24e-6 with slope 2 and 1.12e-6 with 2.3, the slope with which its flux gives
    its luminosity.

    Parameters
    ----------
    flux_cm2_s : array_like
        Photons between `low_GeV` and `high_GeV`.
    radius_deg : float
        Angular radius of the circle.
    low_GeV, high_GeV : float
        Range of the flux.
    energy_GeV : float
        Where E^2 I is wanted.
    slope : float
        Of the spectrum in number.
    """
    solid_angle = 4 * np.pi * np.sin(np.radians(radius_deg) / 2) ** 2
    per_photon = energy_GeV ** (2.0 - slope) / _moment(1.0 - slope, low_GeV, high_GeV)
    return np.asarray(flux_cm2_s, dtype=float) * per_photon / solid_angle


def luminosity_erg_s(
    flux_cm2_s: ArrayLike, low_GeV: float, high_GeV: float, *, distance_kpc: float, slope: float
) -> FloatArray:
    """Luminosity in the range of a flux of photons with a spectrum E^-slope, 4 pi d^2 times its energy."""
    energy = _moment(2.0 - slope, low_GeV, high_GeV) / _moment(1.0 - slope, low_GeV, high_GeV)
    sphere_cm2 = 4 * np.pi * (distance_kpc * KPC_CM) ** 2
    return np.asarray(flux_cm2_s, dtype=float) * energy * GEV_ERG * sphere_cm2
