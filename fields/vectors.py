"""Magnetic fields that orbits are pushed through: a record of parameters and one function of place each.

A field is a NamedTuple and a function (field, x, y, z) -> (B_x, B_y, B_z) on plain floats, kpc and uG,
joined by `vector_field`:

    class Dipole(NamedTuple):
        moment: float

    @vector_field(Dipole)
    def _(field, x, y, z):
        ...

`magnetic_field(field, x, y, z)` then finds it by the type of the record, in Python and in kernels, where it
is chosen at compile time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from ._jit import INLINED, entry, kernel
from .units import FloatArray

_FUNCTIONS: dict[type, Callable] = {}
_FETCHES: dict[type, Callable] = {}


def vector_field(record: type) -> Callable[[Callable], Callable]:
    """Decorator that makes a function (field, x, y, z) -> (B_x, B_y, B_z) the field of a record."""

    def join(function: Callable) -> Callable:
        _FUNCTIONS[record] = function
        return function

    return join


def fetches(record: type) -> Callable[[Callable], Callable]:
    """Decorator that makes a function (field, x, y, z) what `fetch_ahead` does for a record."""

    def join(function: Callable) -> Callable:
        _FETCHES[record] = function
        return function

    return join


def magnetic_field(field: Any, x: float, y: float, z: float) -> tuple[float, float, float]:
    """The field [uG] of a record at a place [kpc].

    Raises
    ------
    KeyError
        If no function was joined to the record's type.
    """
    return _FUNCTIONS[type(field)](field, x, y, z)


def _kernel_of(record: types.NamedTuple) -> Callable:
    """The function of a record's numba type, compiled; that of a sum from those of its parts."""
    if record.instance_class is not Sum:
        return kernel(_FUNCTIONS[record.instance_class])
    first, second = (_kernel_of(part) for part in record.types)

    def added(field, x, y, z):  # type: ignore[no-untyped-def]
        a_x, a_y, a_z = first(field.first, x, y, z)
        b_x, b_y, b_z = second(field.second, x, y, z)
        return a_x + b_x, a_y + b_y, a_z + b_z

    return kernel(added)


@overload(magnetic_field, jit_options=INLINED)
def _magnetic_field(field, x, y, z):  # type: ignore[no-untyped-def]
    if getattr(field, "instance_class", None) not in _FUNCTIONS:
        return None
    function = _kernel_of(field)
    return lambda field, x, y, z: function(field, x, y, z)


def fetch_ahead(field: Any, x: float, y: float, z: float) -> None:
    """Ask memory for what the field at a place is made of, in kernels; nothing where it is always at hand."""


def _fetch_of(record: types.NamedTuple) -> Callable:
    if record.instance_class is Sum:
        first, second = (_fetch_of(part) for part in record.types)

        def both(field, x, y, z):  # type: ignore[no-untyped-def]
            first(field.first, x, y, z)
            second(field.second, x, y, z)

        return kernel(both)
    return kernel(_FETCHES.get(record.instance_class, fetch_ahead))


@overload(fetch_ahead, jit_options=INLINED)
def _fetch_ahead(field, x, y, z):  # type: ignore[no-untyped-def]
    if getattr(field, "instance_class", None) not in _FUNCTIONS:
        return None
    function = _fetch_of(field)
    return lambda field, x, y, z: function(field, x, y, z)


class Uniform(NamedTuple):
    """The same everywhere [uG]."""

    B_x: float
    B_y: float
    B_z: float


@vector_field(Uniform)
def _uniform(field, x, y, z):
    return field.B_x, field.B_y, field.B_z


class Horizontal(NamedTuple):
    """Along x, falling by e over z_B_kpc from the plane: B0_uG exp(-|z|/z_B)."""

    B0_uG: float
    z_B_kpc: float


@vector_field(Horizontal)
def _horizontal(field, x, y, z):
    return field.B0_uG * math.exp(-abs(z) / field.z_B_kpc), 0.0, 0.0


class XShaped(NamedTuple):
    """Poloidal lines R = R_1 (1 + z^2/z_open^2), which carry B_z = B_pol exp(-R_1/R_pol), and B_phi.

    The poloidal part comes from the flux function psi(R_1), R_1 = R/(1 + z^2/z_open^2), so its divergence is
    zero (Ferriere & Terral 2014, model C). The azimuthal part is B_phi R/sqrt(R^2 + R_core^2) exp(-|z|/z_B).
    """

    B_pol_uG: float
    R_pol_kpc: float
    z_open_kpc: float
    B_phi_uG: float
    R_core_kpc: float
    z_B_kpc: float


@vector_field(XShaped)
def _x_shaped(field, x, y, z):
    R = math.sqrt(x * x + y * y)
    narrow = 1.0 / (1.0 + (z / field.z_open_kpc) ** 2)
    B_z = field.B_pol_uG * math.exp(-R * narrow / field.R_pol_kpc) * narrow * narrow
    # B_R/R and B_phi/R, which are smooth on the axis.
    spread = 2.0 * z / field.z_open_kpc**2 * narrow * B_z
    turn = field.B_phi_uG * math.exp(-abs(z) / field.z_B_kpc) / math.sqrt(R * R + field.R_core_kpc**2)
    return spread * x - turn * y, spread * y + turn * x, B_z


class Sum(NamedTuple):
    """Two fields, added."""

    first: Any
    second: Any


@vector_field(Sum)
def _sum(field, x, y, z):
    a_x, a_y, a_z = magnetic_field(field.first, x, y, z)
    b_x, b_y, b_z = magnetic_field(field.second, x, y, z)
    return a_x + b_x, a_y + b_y, a_z + b_z


def is_ours(field: Any) -> bool:
    """Whether a record, and those in it, are of this folder: only then may a kernel for it be cached."""
    package = __name__.rpartition(".")[0] + "."
    parts = [part for part in field if isinstance(part, tuple)]
    return type(field).__module__.startswith(package) and all(is_ours(part) for part in parts)


@entry(cached=False)
def _sample(field, places, values):
    for i in range(places.shape[0]):
        B = magnetic_field(field, places[i, 0], places[i, 1], places[i, 2])
        values[i, 0], values[i, 1], values[i, 2] = B


def sample(field: Any, places_kpc: FloatArray) -> FloatArray:
    """The field at many places: (..., 3) in uG for places (..., 3) in kpc."""
    places = np.ascontiguousarray(places_kpc, float).reshape(-1, 3)
    values = np.empty_like(places)
    _sample(field, places, values)
    return values.reshape(np.shape(places_kpc))


_EIGHTH_ORDER = (4 / 5, -1 / 5, 4 / 105, -1 / 280)


def slope(values: Callable[[float], FloatArray], step: float) -> FloatArray:
    """Derivative of a function at zero, by differences of eighth order.

    >>> round(float(slope(lambda x: 2.0 * x + x**8, 0.5)), 12)
    2.0
    """
    terms = [weight * (values(n * step) - values(-n * step)) for n, weight in enumerate(_EIGHTH_ORDER, 1)]
    return np.sum(terms, axis=0) / step


def divergence(field: Any, places_kpc: FloatArray, step_kpc: float) -> FloatArray:
    """div B [uG/kpc] by differences of eighth order, (...) for places (..., 3)."""
    total = np.zeros(np.shape(places_kpc)[:-1])
    for axis, along in enumerate(np.eye(3)):

        def component(h: float, axis: int = axis, along: FloatArray = along) -> FloatArray:
            return np.asarray(sample(field, places_kpc + h * along)[..., axis])

        total += slope(component, step_kpc)
    return total
