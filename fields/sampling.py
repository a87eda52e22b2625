"""Where functions of place and momentum are sampled; one that fails there is refused by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .exceptions import UserError, said_by
from .medium_table import Axis, axis, doubling_pieces

DISC_STEP_KPC = 0.0125
FINE_STEP_KPC = 0.25
STEPS_TO_RIM = 10
_LONGEST = 200  # characters of another's message

_ALLOWED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "a finite number": np.isfinite,
    "a finite number, zero or above": lambda values: np.isfinite(values) & (values >= 0),
    "a finite number above zero": lambda values: np.isfinite(values) & (values > 0),
}


def called(name: str, function: Callable[..., Any], **places: np.ndarray) -> Any:
    """What a function of the user's own returns for arrays of places.

    Raises
    ------
    UserError
        In one line, if it fails: which function, how, and what it is called with. Its own error is the cause.
    """
    try:
        return function(*places.values())
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{name}: {type(error).__name__}: {said_by(error)[:_LONGEST]}; expected a function of arrays "
            f"({', '.join(places)}): np.exp in place of math.exp, np.where in place of if"
        ) from error


def sampled(
    name: str, function: Callable[..., np.ndarray], unit: str, allowed: str, **places: np.ndarray
) -> np.ndarray:
    """Values of a function at many places.

    Parameters
    ----------
    name, function, unit : str, callable, str
        What is called, with the places as its arguments in their order; its name and unit, for messages.
    allowed : str
        What each value must be, one of `_ALLOWED`.
    **places : ndarray
        `p_GeV`, `R_kpc` and `z_kpc`, or some of them; they broadcast against each other.

    Returns
    -------
    ndarray
        As the function returns them; they broadcast to the shape of the places.

    Raises
    ------
    UserError
        In one line, if it fails, they do not, or one is not what is allowed: which function, where, and
        what is.
    """
    shape = np.broadcast_shapes(*(np.shape(place) for place in places.values()))
    returned = called(name, function, **places)
    try:
        values = np.asarray(returned, float)
    except (TypeError, ValueError):
        values = None
    if values is None or returned is None:  # which NumPy takes for a number
        kind = type(returned).__name__
        raise UserError(f"{name}: returns {kind}; expected numbers of shape {shape}")
    try:
        everywhere = np.broadcast_to(values, shape)
    except ValueError:
        raise UserError(f"{name}: shape {values.shape}; expected one that broadcasts to {shape}") from None
    wrong = ~_ALLOWED[allowed](everywhere)
    if np.any(wrong):
        first = tuple(np.argwhere(wrong)[0])
        where = {key.split("_")[0]: np.broadcast_to(place, shape)[first] for key, place in places.items()}
        units = {"p": "GeV/c", "R": "kpc", "z": "kpc"}
        at = ", ".join(f"{key} = {value:.6g} {units[key]}" for key, value in where.items())
        raise UserError(f"{name}: {everywhere[first]:g} at {at}; expected {allowed} [{unit}]")
    return values


def check_functions(
    r_max_kpc: float,
    momenta_GeV: np.ndarray,
    field_uG: Callable[..., Any] | None,
    diffusion: Callable[..., Any] | None,
    gas_cm3: Mapping[str, Callable[..., Any] | None],
) -> None:
    """Refuse functions of the user's own, each by its name, on a coarse grid; None is no function.

    Raises
    ------
    UserError
        If one returns what no medium can be made of.
    """
    R, z = np.ix_(*[np.linspace(0.0, r_max_kpc, 101)] * 2)
    above, from_zero = "a finite number above zero", "a finite number, zero or above"
    if field_uG is not None:
        sampled("field_uG", field_uG, "uG", above, R_kpc=R, z_kpc=z)
    if diffusion is not None:
        p = momenta_GeV[:, None, None]
        sampled("diffusion", diffusion, "kpc2/Myr", above, p_GeV=p, R_kpc=R, z_kpc=z)
    for name, gas in gas_cm3.items():
        if gas is not None:
            sampled(name, gas, "cm-3", from_zero, R_kpc=R, z_kpc=z)


def galactic_axes(
    R_d_kpc: float, surface_kpc: tuple[float, float], r_max_kpc: float, top_kpc: float | None
) -> tuple[Axis, Axis]:
    """Nodes in R and |z|: the gas disc and its rim resolved, 0.25 kpc about the surface, 1 kpc beyond.

    The surface reaches to (R, |z|); or it is a plane at `top_kpc`, which gets a node.
    """
    r_max = float(np.ceil(r_max_kpc))
    R_fine, z_fine = (min(float(np.ceil(x)) + 3.0, r_max) for x in surface_kpc)
    R_near = float(np.ceil(R_d_kpc)) + 1.0
    if top_kpc is None:
        R_near = max(R_fine, R_near)
    rings = doubling_pieces(R_d_kpc, STEPS_TO_RIM, FINE_STEP_KPC)
    R_pieces = [*rings, (min(R_near, r_max), FINE_STEP_KPC), (r_max, 1.0)]
    z_pieces = ((0.3, DISC_STEP_KPC), (1.0, 0.05), (z_fine, FINE_STEP_KPC), (r_max, 1.0))
    return axis(*R_pieces, edge=R_d_kpc), axis(*z_pieces, edge=top_kpc)
