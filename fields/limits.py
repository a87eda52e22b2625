"""What is allowed for the values that users give: one table for records in Python and for scenario files."""

from __future__ import annotations

import math
from dataclasses import fields
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from .exceptions import UserError, did_you_mean, on_a_line
from .units import FloatArray, to_internal


class Limit(NamedTuple):
    """A number with a unit between two bounds, which are written as a scenario file has them.

    Attributes
    ----------
    unit : str
        The internal unit, one of `units.INTERNAL_UNITS`.
    low, high : str
        Bounds that are allowed themselves.
    """

    unit: str
    low: str
    high: str

    def checked(self, value: Any) -> float:
        """The value in the internal unit; a bare number has it already.

        Raises
        ------
        ValueError
            With what is allowed, if it is anything else.
        """
        number = value if _is_number(value) else _converted(value, self.unit)
        low, high = _bound(self.low, self.unit), _bound(self.high, self.unit)
        if not low * (1 - _ROUNDING) <= number <= high * (1 + _ROUNDING):
            raise ValueError(f"{self.low} to {self.high}, as a quantity or a number in {self.unit}")
        return float(number)


class Bare(NamedTuple):
    """A number without unit between two bounds, whole if asked; else one word, or a list of several."""

    low: float
    high: float
    whole: bool = False
    word: str | None = None
    several: int = 0

    def checked(self, value: Any) -> Any:
        """The value; `ValueError` with what is allowed if it is anything else."""
        if self.several and isinstance(value, list | tuple):
            if len(value) == self.several:
                return tuple(self._replace(several=0).checked(each) for each in value)
            value = None
        if self.word is not None and isinstance(value, str) and value == self.word:
            return value
        whole = not self.whole or (_is_number(value) and float(value).is_integer())
        if not (_is_number(value) and whole and self.low <= value <= self.high):
            kind = "a whole number" if self.whole else "a number"
            word = f'"{self.word}", or ' if self.word else ""
            several = f", or a list of {self.several}" if self.several else ""
            raise ValueError(f"{word}{kind} from {self.low:.12g} to {self.high:.12g}{several}")
        return int(value) if self.whole else float(value)


class Words(NamedTuple):
    """One of a few words, or a function of the user's own of so many arguments, if that is said."""

    words: tuple[str, ...]
    function: str = ""

    def checked(self, value: Any) -> Any:
        """The value; `ValueError` with what is allowed if it is anything else."""
        if self.function and callable(value):
            return value
        if not (isinstance(value, str) and value in self.words):
            hint = did_you_mean(value, self.words)
            own = f", or a function of ({self.function})" if self.function else ""
            raise ValueError(f"{', '.join(self.words)}{own}{hint and '; '}{hint}")
        return value


class Function(NamedTuple):
    """A function of the user's own, of so many arguments; what it returns is checked where it is called."""

    arguments: str

    def checked(self, value: Any) -> Any:
        """The value; `ValueError` with what is allowed if it cannot be called."""
        if not callable(value):
            raise ValueError(f"None, or a function of ({self.arguments})")
        return value


METHODS = ("auto", "guiding-centre", "hybrid", "flight", "orbit")
WITH_STEPS = ("auto", "hybrid", "guiding-centre")
"""How particles may be followed, and the ways that take diffusive steps where lambda is small."""


def fault_of_method(method: str, has_lines: bool) -> str:
    """What stands against a method where there are field lines, or none: one line, empty if nothing."""
    if has_lines and method == "hybrid":
        allowed = '"auto", "guiding-centre", "flight" or "orbit", along the lines of medium.field'
    elif not has_lines and method == "guiding-centre":
        allowed = 'where medium.field is not "isotropic"'
    else:
        return ""
    return f'transport.method = "{method}": allowed: {allowed}'


LENGTH = Limit("kpc", "0.01 kpc", "1000 kpc")
LIMITS: dict[str, Limit | Bare | Words | Function] = {
    "B0_uG": Limit("uG", "0.001 uG", "10000 uG"),
    "z_B_kpc": Limit("kpc", "0.01 kpc", "100 kpc"),
    "halo": Words(("exponential", "constant")),
    "H_kpc": LENGTH,
    "waves": Words(("nlld", "nlld-local")),
    "H_waves_kpc": Limit("kpc", "0.1 kpc", "1000 kpc"),
    "field": Words(("isotropic", "tube", "x-shaped", "azimuthal"), function="R_kpc, z_kpc"),
    "B_pol_uG": Limit("uG", "0.0001 uG", "1000 uG"),
    "R_pol_kpc": Limit("kpc", "0.1 kpc", "1000 kpc"),
    "z_open_kpc": Limit("kpc", "0.1 kpc", "1000 kpc"),
    "epsilon": Bare(0, 1),
    "wander_kpc": Limit("kpc", "0 kpc", "10 kpc"),
    "n_i_cm3": Limit("cm-3", "1e-8 cm-3", "1000 cm-3"),
    "v_s_kpc_Myr": Limit("kpc/Myr", "0.1 km/s", "10000 km/s"),
    "saturation": Words(("current", "pressure", "growing-wavelength")),
    "outflow_recipe": Words(("alfven", "momentum", "wind")),
    "B_cgm_uG": Limit("uG", "0 uG", "1000 uG"),
    "D_over_bohm": Bare(1e-6, 1e6),
    "delta_G": Bare(1e-3, 1e6),
    "cgm_core_kpc": Limit("kpc", "0.1 kpc", "1000 kpc"),
    "cgm_beta": Bare(0, 2),
    "gas": Words(("uniform", "mcmillan")),
    "radial": Words(("uniform", "snr", "pulsar")),
    "helium_factor": Bare(0.5, 3, several=3),
    "L_CR_erg_s": Limit("erg/s", "1e30 erg/s", "1e50 erg/s"),
    "R_d_kpc": LENGTH,
    "slope": Bare(1, 4),
    "slope_above": Bare(2, 10),
    "slope_beyond": Bare(1, 4),
    "r_max_kpc": Limit("kpc", "0.1 kpc", "10000 kpc"),
    "particles": Bare(1, 10**9, whole=True),
    "seed": Bare(0, 2**32 - 1, whole=True),
    "method": Words(METHODS),
    "acceleration": Bare(1, 1e6, word="auto"),
    # Beyond all energies that are followed: no cut-off.
    "E_min_GeV": Limit("GeV", "1 GeV", "1e9 PeV"),
    "E_max_GeV": Limit("GeV", "1 GeV", "1e9 PeV"),
    "E_break_GeV": Limit("GeV", "1 GeV", "10 PeV"),
    "field_uG": Function("R_kpc, z_kpc"),
    "diffusion": Function("p_GeV, R_kpc, z_kpc"),
    "disc_gas_cm3": Function("R_kpc, z_kpc"),
    "halo_gas_cm3": Function("R_kpc, z_kpc"),
    "current": Function("energy_GeV"),
    "inelasticity": Function("energy_GeV"),
}
"""By name, which says the internal unit, for the records and the tables of a scenario file."""

_ROUNDING = 1e-9  # a bound written in another unit may be missed by a few last bits


SMALLEST_HALO_KPC = 1.0
"""A halo is tabulated if its surface is at least so far from the centre."""


def check_record(record: Any, but: tuple[str, ...] = ()) -> None:
    """Convert what has a unit, and refuse what is not allowed, in a frozen dataclass.

    Attributes without an entry in `LIMITS` or in `but` are left as they are, so is None where it is the
    default.

    Raises
    ------
    UserError
        In one line: the attribute, its value, and what is allowed.
    """
    for each in fields(record):
        value, limit = getattr(record, each.name), LIMITS.get(each.name)
        if isinstance(each.default, bool) and not isinstance(value, bool):
            raise _refused(record, each.name, value, "True or False")
        if limit is None or each.name in but or (value is None and each.default is None):
            continue
        try:
            object.__setattr__(record, each.name, limit.checked(value))
        except ValueError as error:
            raise _refused(record, each.name, value, str(error)) from None


def check_source(record: Any) -> None:
    """`check_record` of a record with a source: its lowest energy is below its highest, a break between them.

    Raises
    ------
    UserError
        In one line.
    """
    check_record(record)
    if not record.E_min_GeV < record.E_max_GeV:
        raise _refused(record, "E_min_GeV", record.E_min_GeV, f"below E_max_GeV = {record.E_max_GeV:g}")
    low, high = record.E_min_GeV, record.E_max_GeV
    if record.slope_beyond is not None and not low < record.E_break_GeV < high:
        between = f"between E_min_GeV = {low:g} and E_max_GeV = {high:g}"
        raise _refused(record, "E_break_GeV", record.E_break_GeV, between)


def number_in(value: Any, unit: str, name: str) -> float:
    """One number above zero in an internal unit, infinity included: of a quantity, or a bare number.

    Raises
    ------
    UserError
        If it is anything else; `name` says what it is.
    """
    found = numbers_in(value, unit, name)
    if found.ndim > 0:
        raise UserError(f"{name} = {on_a_line(value)}: allowed: one number")
    return float(found)


def numbers_in(value: Any, unit: str, name: str) -> FloatArray:
    """Numbers above zero in an internal unit: of quantities or texts with units, or bare numbers.

    Raises
    ------
    UserError
        If they are anything else; `name` says what they are.
    """
    allowed = f"numbers above zero in {unit}, or quantities that convert to it"
    try:
        if hasattr(value, "to_value"):
            found = np.asarray(value.to_value(unit), float)
        elif isinstance(value, str):
            found = np.asarray(to_internal(value, unit))
        else:
            parts = list(value) if isinstance(value, list | tuple) else None
            if parts and not all(map(_is_number, parts)):
                found = np.array([float(numbers_in(part, unit, name)) for part in parts])
            else:
                found = np.asarray(value, float)
    except (TypeError, ValueError) as error:
        raise UserError(f"{name} = {on_a_line(value)}: allowed: {allowed}") from error
    if not (found > 0).all():  # NaN is not either
        raise UserError(f"{name} = {on_a_line(value)}: allowed: {allowed}")
    return found


def _refused(record: Any, name: str, value: Any, allowed: str) -> UserError:
    return UserError(f"{type(record).__name__}.{name} = {on_a_line(value)}: allowed: {allowed}")


def _is_number(value: Any) -> bool:
    """Whether it is one number, of Python or of NumPy, and not a truth value."""
    if isinstance(value, bool | str) or hasattr(value, "unit"):
        return False
    try:
        return math.isfinite(value)
    except (TypeError, ValueError, OverflowError):
        return False


def _converted(value: Any, unit: str) -> float:
    try:
        return to_internal(value, unit)
    except ValueError:
        return math.nan


@lru_cache(maxsize=256)
def _bound(text: str, unit: str) -> float:
    return to_internal(text, unit)


def no_halo(galaxy: Any, reach_kpc: float, saturated_uG: float, field_uG: float) -> UserError:
    """What to raise for a galaxy whose surface is too close: which parameter leaves no halo.

    `saturated_uG` and `field_uG` are the fields in the disc, after the instability and before it.
    """
    if field_uG < 2.0 * saturated_uG:
        return UserError(
            "medium.B0: the halo field is below the saturated field already in the disc; "
            f"B0 = {galaxy.B0_uG:g} uG must be well above {saturated_uG:.3g} uG"
        )
    key = "field_uG" if galaxy.field_uG is not None else f"medium.z_B = {galaxy.z_B_kpc:g} kpc"
    return UserError(
        f"{key}: the halo field falls below the saturated field at {reach_kpc:.2g} kpc; "
        f"allowed: so slow a fall that this is beyond {SMALLEST_HALO_KPC:g} kpc"
    )
