"""The one internal unit system, its constants, and the conversion of quantities with units.

Inside the package every number is a plain float in: length kpc, time Myr, energy GeV, momentum GeV/c,
magnetic field microgauss (uG), gas number density cm^-3, temperature K, luminosity erg/s; so speed kpc/Myr,
diffusion coefficient kpc^2/Myr, grammage g/cm^2. "Energy" is the total energy of a proton.

The constants are literals (CODATA 2022 and IAU values), so that kernels can freeze them and importing
this module costs nothing; the tests hold each of them against ``astropy.constants``.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .exceptions import did_you_mean, on_a_line

FloatArray = NDArray[np.float64]

KPC_CM = 3.0856775814913674e21
"""1 kpc in cm."""
MYR_S = 3.15576e13
"""1 Myr (Julian) in s."""
MYR_YR = 1e6
"""1 Myr in yr."""
GEV_ERG = 1.602176634e-3
"""1 GeV in erg."""
EV_ERG = 1.602176634e-12
"""1 eV in erg."""
MBARN_CM2 = 1e-27
"""1 mb in cm^2."""

C_CM_S = 2.99792458e10
"""Speed of light in cm/s."""
C_KPC_MYR = 306.60139378555056
"""Speed of light in kpc/Myr."""
M_P_GEV = 0.9382720894282573
"""Proton mass in GeV/c^2."""
M_P_G = 1.67262192595e-24
"""Proton mass in g."""
M_SUN_G = 1.988409870698051e33
"""Solar mass in g."""
K_B_ERG_K = 1.380649e-16
"""Boltzmann constant in erg/K."""
E_ESU = 4.803204712570263e-10
"""Elementary charge in esu (Gaussian units)."""
LARMOR_KPC = 1.0810076114204197e-09
"""Larmor radius pc/(eB) of a charge e with 1 GeV/c in 1 uG, in kpc."""

KPC_MYR_CM_S = KPC_CM / MYR_S
"""1 kpc/Myr in cm/s."""
KPC_MYR_KM_S = KPC_MYR_CM_S / 1e5
"""1 kpc/Myr in km/s."""
KPC2_MYR_CM2_S = KPC_CM**2 / MYR_S
"""1 kpc^2/Myr in cm^2/s."""
UG_GAUSS = 1e-6
"""1 uG in G."""

INTERNAL_UNITS = {
    "kpc": "a length, as '10 kpc'",
    "Myr": "a time, as '10 Gyr'",
    "GeV": "an energy, as '1 PeV'",
    "uG": "a magnetic field, as '3 uG'",
    "cm-3": "a number density, as '0.01 cm-3'",
    "K": "a temperature, as '1e6 K'",
    "erg/s": "a luminosity, as '1e41 erg/s'",
    "kpc/Myr": "a speed, as '30 km/s'",
    "kpc2/Myr": "a diffusion coefficient, as '6e27 cm2/s'",
    "g/cm2": "a grammage, as '5 g/cm2'",
    "GV": "a rigidity, as '10 GV'",
}
"""The internal units, each with what may be converted to it."""

# What people write most often for each internal unit; any unit that converts to it is allowed.
_COMMON_UNITS = {
    "kpc": "kpc pc Mpc Gpc km m cm AU lyr",
    "Myr": "Myr Gyr kyr yr year s",
    "GeV": "GeV eV keV MeV TeV PeV EeV erg J",
    "uG": "uG nG mG G nT uT T",
    "cm-3": "cm m pc kpc",
    "K": "K kK MK eV keV",
    "erg/s": "erg J W s yr",
    "kpc/Myr": "km s kpc Myr pc cm m yr",
    "kpc2/Myr": "cm s kpc Myr pc m yr",
    "g/cm2": "g cm kg m",
}
_NUMBER = re.compile(r"\s*[-+]?[\d.]*(?:e[-+]?\d+)?", re.IGNORECASE)

_MAX_LENGTH = 80  # a quantity is short; a long string is a mistake, and the unit parser is slow on it


def to_internal(value: Any, unit: str) -> float:
    """Convert a quantity with a unit to a plain float in an internal unit.

    Parameters
    ----------
    value : str or astropy.units.Quantity
        A finite scalar with its unit: ``"10 kpc"``, ``"1e41 erg/s"``, ``3 * u.uG``.
    unit : str
        One of `INTERNAL_UNITS`.

    Returns
    -------
    float
        The value in `unit`.

    Raises
    ------
    ValueError
        If `unit` is no internal unit, or `value` is not one finite number with a unit of the same kind.

    Examples
    --------
    >>> to_internal("10 Gyr", "Myr")
    10000.0
    """
    if unit not in INTERNAL_UNITS:
        raise ValueError(f"no internal unit {unit!r}; allowed: {', '.join(INTERNAL_UNITS)}")
    from astropy import units as u

    allowed = f"expected {INTERNAL_UNITS[unit]} (or any unit that converts to {unit})"
    if not isinstance(value, str | u.Quantity):
        raise ValueError(f"{on_a_line(value)} has no unit; {allowed}")
    if isinstance(value, str) and len(value) > _MAX_LENGTH:
        raise ValueError(f"a text of {len(value)} characters is no quantity; {allowed}")
    try:
        number = float(u.Quantity(value).to_value(u.Unit(unit)))
    except (TypeError, ValueError, u.UnitsError) as error:
        hint = unknown_unit(value, unit) if isinstance(value, str) else ""
        raise ValueError(
            f"{on_a_line(str(value))} is not understood{hint and ': '}{hint}; {allowed}"
        ) from error
    if not math.isfinite(number):
        raise ValueError(f"{on_a_line(str(value))} is not finite; {allowed}")
    return number


def unknown_unit(text: str, unit: str) -> str:
    """For a quantity that cannot be read: which of its units does not exist, and which is nearest to it.

    Empty if all exist. `unit` is the internal unit that the quantity should have been convertible to.

    >>> unknown_unit("5 KPC", "kpc")
    'unknown unit KPC: did you mean kpc? units are case-sensitive'
    """
    from astropy import units as u

    for word in re.findall(r"[^\W\d_]+", _NUMBER.sub("", text, count=1)):
        try:
            u.Unit(word)
        except ValueError:
            hint = did_you_mean(word, _COMMON_UNITS[unit].split(), "units")
            return f"unknown unit {word}" + (f": {hint}" if hint else "")
    return ""


def momentum_GeV(energy_GeV: ArrayLike) -> FloatArray:
    """Momentum in GeV/c of a proton of total energy `energy_GeV` (>= `M_P_GEV`)."""
    energy = np.asarray(energy_GeV, dtype=float)
    return np.sqrt((energy - M_P_GEV) * (energy + M_P_GEV))


def total_energy_GeV(p_GeV: ArrayLike) -> FloatArray:
    """Total energy in GeV of a proton of momentum `p_GeV` (GeV/c)."""
    return np.hypot(np.asarray(p_GeV, dtype=float), M_P_GEV)


def speed_kpc_Myr(p_GeV: ArrayLike) -> FloatArray:
    """Speed in kpc/Myr of a proton of momentum `p_GeV` (GeV/c)."""
    return C_KPC_MYR * np.asarray(p_GeV, dtype=float) / total_energy_GeV(p_GeV)


def field_label(field_uG: float) -> str:
    """A field for people: "3 uG", "0.1 nG", "1 fG".

    >>> field_label(1e-9)
    '1 fG'
    """
    units = {"uG": 1.0, "nG": 1e-3, "pG": 1e-6, "fG": 1e-9}
    unit = next((unit for unit, scale in units.items() if field_uG >= 0.0999 * scale), "fG")
    return f"{field_uG / units[unit]:.3g} {unit}"


def energy_label(energy_GeV: float) -> str:
    """An energy for people: "10 GeV", "1 TeV".

    >>> energy_label(1e5)
    '100 TeV'
    """
    for unit, scale in (("PeV", 1e6), ("TeV", 1e3)):
        if energy_GeV >= 0.999 * scale:
            return f"{energy_GeV / scale:.3g} {unit}"
    return f"{energy_GeV:.3g} GeV"
