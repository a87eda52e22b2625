"""Lines of the halo field: its direction, what takes particles off its lines, and their table.

A field is a function (R_kpc, z_kpc) -> (B_R, B_phi, B_z) [uG] of places above the plane. Its lines go on
through the plane: B_R changes its sign there, B_phi and B_z do not. Poloidal parts come from a flux function
A(R, z), B_R = -dA/dz/R and B_z = dA/dR/R, so that their divergence is zero; any B_phi(R, z) may be added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .exceptions import UserError
from .medium_table import LinesTable
from .sampling import called, sampled
from .units import FloatArray, speed_kpc_Myr
from .vectors import slope

FieldFunction = Callable[[FloatArray, FloatArray], tuple[ArrayLike, ArrayLike, ArrayLike]]
Strength = Callable[[FloatArray, FloatArray], FloatArray]

OWN = "Galaxy.field"
"""What a function of the user's own is called in messages."""
CORE_KPC = 1.0
"""Within so much of the axis the azimuthal field falls to zero, so that it has a direction there."""
# Steps of differences: of a curl, which the table holds, and of a divergence, which is to be zero.
_CURL_STEP_KPC, _DIVERGENCE_STEP_KPC = 1e-4, 0.02
LARGEST_DIVERGENCE = 1e-6
"""|div B| over |B| per kpc that a field may have: differences of a smooth one leave 1e-9."""
_LARGEST_TURN = 0.1  # between the nodes of a table, and in a hundredth of the cells
_TRACE_STEP_KPC, _TRACE_STEPS, _LINES = 0.05, 6000, 40
_NO_DIRECTION = 1e-9


class FieldLines(NamedTuple):
    """The lines that protons follow in a halo, and what takes them off these.

    Attributes
    ----------
    field : callable
        (R_kpc, z_kpc) -> (B_R, B_phi, B_z) [uG], above the plane.
    epsilon : float
        Diffusion coefficient across the field over that along it.
    wander_kpc : float
        D_FL of lines that wander: they part by <dx^2> = 2 D_FL |ds| in each direction across.
    drifts : bool
        Whether guiding centres drift where the field bends or changes its strength.
    name : str
        What the field is called in messages.
    """

    field: FieldFunction
    epsilon: float = 0.0
    wander_kpc: float = 0.0
    drifts: bool = False
    name: str = "medium.field"

    def across_kpc2_Myr(self, p_GeV: ArrayLike, D_kpc2_Myr: ArrayLike) -> FloatArray:
        """D across the field, where it is D along it: epsilon D + D_FL v/2, and never more than D.

        A proton leaves its line for another one whenever it is scattered, so that the lines part for it by
        2 D_FL v <|mu|> in a time (Rechester & Rosenbluth 1978).
        """
        D = np.asarray(D_kpc2_Myr, float)
        wander = 0.5 * self.wander_kpc * speed_kpc_Myr(np.asarray(p_GeV, float))
        return np.minimum(self.epsilon * D + wander, D)

    def direction(self, R_kpc: FloatArray, z_kpc: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Unit vector (b_R, b_phi, b_z) along the field, above the plane."""
        B = np.broadcast_arrays(*(np.asarray(each, float) for each in self.field(R_kpc, np.abs(z_kpc))))
        strength = np.maximum(norm(*B), 1e-300)
        b_R, b_phi, b_z = (each / strength for each in B)
        return b_R, b_phi, b_z

    def tensor_kpc2_Myr(
        self, p_GeV: ArrayLike, D_kpc2_Myr: FloatArray, R_kpc: FloatArray, z_kpc: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(D_RR, D_zz, D_Rz) above the plane, where the field has the D given along it."""
        across = self.across_kpc2_Myr(p_GeV, D_kpc2_Myr)
        b_R, _, b_z = self.direction(R_kpc, z_kpc)
        more = D_kpc2_Myr - across
        return across + more * b_R**2, across + more * b_z**2, more * b_R * b_z


def norm(x: ArrayLike, y: ArrayLike, z: ArrayLike) -> FloatArray:
    """Length of a vector; that of a small one is not lost."""
    return np.hypot(np.hypot(x, y), z)


class Shape(NamedTuple):
    """What the fields of `FIELDS` are made of.

    Attributes
    ----------
    strength_uG : callable
        Of the whole field, by (R, z).
    B0_uG, z_B_kpc : float
        In the disc, and the height over which it falls by e.
    B_pol_uG, R_pol_kpc, z_open_kpc : float
        Poloidal field at the centre, the radius over which it falls by e in the plane, and the height at
        which its lines are twice as far from the axis.
    """

    strength_uG: Strength
    B0_uG: float
    z_B_kpc: float
    B_pol_uG: float
    R_pol_kpc: float
    z_open_kpc: float


def tube(shape: Shape, R_kpc: FloatArray, z_kpc: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Lines R = R_0 exp(z/2 z_B) about the axis, A = (R^2/2) B0 exp(-z/z_B).

    Near the axis |B| = B0 exp(-z/z_B); it grows with R beyond z_B.
    """
    B_z = shape.B0_uG * np.exp(-z_kpc / shape.z_B_kpc) + 0.0 * R_kpc
    return 0.5 * R_kpc / shape.z_B_kpc * B_z, 0.0 * B_z, B_z


def poloidal(shape: Shape, R_kpc: FloatArray, z_kpc: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(B_R, B_z) of the X-shaped field."""
    narrow = 1.0 / (1.0 + (z_kpc / shape.z_open_kpc) ** 2)
    R_1 = R_kpc * narrow
    B_z = shape.B_pol_uG * np.exp(-R_1 / shape.R_pol_kpc) * narrow**2
    return 2.0 * z_kpc * R_1 / shape.z_open_kpc**2 * B_z, B_z


def x_shaped(shape: Shape, R_kpc: FloatArray, z_kpc: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Poloidal lines R = R_1 (1 + z^2/z_open^2), wound up by what is left of the whole strength.

    The poloidal part is model C of Ferriere & Terral (2014), with B_z = B_pol exp(-R_1/R_pol) in the plane;
    it spirals up as in Jansson & Farrar (2012) and Unger & Farrar (2023).
    """
    B_R, B_z = poloidal(shape, R_kpc, z_kpc)
    left = np.maximum(shape.strength_uG(R_kpc, z_kpc) ** 2 - B_R**2 - B_z**2, 0.0)
    return B_R, np.sqrt(left) * R_kpc / np.hypot(R_kpc, CORE_KPC), B_z


def azimuthal(
    shape: Shape, R_kpc: FloatArray, z_kpc: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Circles about the axis: nothing leaves along them."""
    B_phi = shape.strength_uG(R_kpc, z_kpc)
    return 0.0 * B_phi, B_phi, 0.0 * B_phi


FIELDS: dict[str, Callable[..., tuple[FloatArray, FloatArray, FloatArray]]] = {
    "tube": tube,
    "x-shaped": x_shaped,
    "azimuthal": azimuthal,
}
"""Fields with a direction, by name: functions of (shape, R, z)."""


def field_of(name: str, shape: Shape) -> FieldFunction:
    """A field of `FIELDS` as a function of place."""
    return partial(FIELDS[name], shape)


def own_field(field: Callable[..., Any]) -> FieldFunction:
    """A function of the user's own, whose components come as arrays of the shape of the places."""

    def components(R_kpc: FloatArray, z_kpc: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        found = called(OWN, field, R_kpc=R_kpc, z_kpc=z_kpc)
        shape = np.broadcast_shapes(np.shape(R_kpc), np.shape(z_kpc))
        try:
            B_R, B_phi, B_z = (np.broadcast_to(np.asarray(each, float), shape) for each in found)
        except (TypeError, ValueError):
            raise UserError(
                f"{OWN}: returns {type(found).__name__}; expected (B_R, B_phi, B_z) in uG, each of what "
                f"broadcasts to {shape}"
            ) from None
        return B_R, B_phi, B_z

    return components


def check_strength(lines: FieldLines, field_uG: Strength | None, r_max_kpc: float) -> None:
    """Refuse a field that has its own strength but is given another, or has none on a coarse grid.

    Raises
    ------
    UserError
        Naming the field, and where; or the strength that was given.
    """
    if field_uG is not None:
        raise UserError("Galaxy.field_uG: allowed: None with a field that has its own strength")
    if lines.name == OWN:
        R, z = np.broadcast_arrays(*np.ix_(*[np.linspace(0.0, r_max_kpc, 101)] * 2))
        _check_direction(lines, norm(*(_component(lines, i, R, z) for i in range(3))), R, z)


def _check_direction(lines: FieldLines, strength: FloatArray, R: np.ndarray, z: np.ndarray) -> None:
    if np.any(none := ~(strength > 0)):
        at = tuple(np.argwhere(none)[0])
        raise UserError(
            f"{lines.name}: zero at R = {R[at]:.4g} kpc, z = {z[at]:.4g} kpc; expected a direction"
        )


def tabulated(lines: FieldLines, R: np.ndarray, z: np.ndarray, inside: np.ndarray) -> LinesTable:
    """The table of field lines at nodes (R, |z|), of which those `inside` the surface matter.

    Raises
    ------
    UserError
        Naming the field: where it is not a finite number, or zero, or turns between two nodes.
    """
    B = np.stack([_component(lines, i, R, z) for i in range(3)])
    strength = norm(*B)
    _check_direction(lines, np.where(inside, strength, 1.0), R, z)
    b = np.where(strength > 0, B / np.maximum(strength, 1e-300), [[[0.0]], [[0.0]], [[1.0]]])
    _check_turns(lines, b, R[:, 0], z[0], inside)
    values = np.stack([*b, np.log(np.maximum(strength, 1e-300))], axis=-1)
    drift = np.zeros((1, 1, 2))
    if lines.drifts:
        from scipy.ndimage import binary_dilation

        # Up to the nodes beyond the surface: a drift that fell to zero there would never lead through it.
        near = binary_dilation(inside, np.ones((3, 3)))
        drift = np.where(near[..., None], _curl_of_b_over_B(lines.field, R, z), 0.0)
    return LinesTable(values, lines.epsilon, lines.wander_kpc, lines.drifts, drift)


def _component(lines: FieldLines, i: int, R: np.ndarray, z: np.ndarray) -> FloatArray:
    name = f"{lines.name}, B_{('R', 'phi', 'z')[i]}"
    component: Strength = lambda R, z: np.asarray(lines.field(R, z)[i])  # noqa: E731
    found = sampled(name, component, "uG", "a finite number", R_kpc=R, z_kpc=z)
    return np.broadcast_to(found, R.shape)


def _check_turns(lines: FieldLines, b: FloatArray, R: np.ndarray, z: np.ndarray, inside: np.ndarray) -> None:
    """Refuse a field that turns by too much between its nodes: steps could not follow it."""
    middle_R, middle_z = 0.5 * (R[1:] + R[:-1])[:, None], 0.5 * (z[1:] + z[:-1])[None, :]
    between = 0.25 * (b[:, 1:, 1:] + b[:, :-1, 1:] + b[:, 1:, :-1] + b[:, :-1, :-1])
    exact = np.stack(np.broadcast_arrays(*lines.direction(middle_R, middle_z)))
    there = inside[1:, 1:] & inside[:-1, 1:] & inside[1:, :-1] & inside[:-1, :-1] & (middle_R > CORE_KPC)
    off = np.where(there, norm(*(between - exact)), 0.0)
    if off[there].size and np.quantile(off[there], 0.99) > _LARGEST_TURN:
        i, j = np.unravel_index(np.argmax(off), off.shape)
        raise UserError(
            f"{lines.name}: turns by {off[i, j]:.2g} rad within a cell of the table at R = "
            f"{middle_R[i, 0]:.3g} kpc, z = {middle_z[0, j]:.3g} kpc; allowed: lines that bend over more "
            "than a quarter of a kpc"
        )


def _curl_of_b_over_B(field: FieldFunction, R: np.ndarray, z: np.ndarray) -> FloatArray:
    """(R, z) components of curl(b/B) [1/(kpc uG)], above the plane, by differences."""

    def along_phi(R: np.ndarray, z: np.ndarray) -> FloatArray:
        B = [np.asarray(each, float) for each in field(R, z)]
        return B[1] / np.maximum(norm(*B), 1e-150) ** 2

    h = _CURL_STEP_KPC
    below = np.maximum(z - h, 0.0)
    along_z = (along_phi(R, z + h) - along_phi(R, below)) / (z + h - below)
    # Around a ring, over its area: on the axis, where circles have no direction, half the first cell.
    on_axis = R == 0.0
    outer, inner = np.where(on_axis, 0.5 * R[1:2], R + h), np.maximum(R - h, 0.0)
    around = outer * along_phi(outer, z) - np.where(on_axis, 0.0, inner * along_phi(inner, z))
    return np.stack([np.where(on_axis, 0.0, -along_z), 2.0 * around / (outer**2 - inner**2)], axis=-1)


def divergence_per_kpc(field: FieldFunction, R_kpc: FloatArray, z_kpc: FloatArray) -> FloatArray:
    """div B over |B| [1/kpc] at places off the axis and the plane, by differences of eighth order."""
    B_R, _, B_z = (lambda R, z, i=i: np.asarray(field(R, z)[i]) for i in range(3))
    outwards = slope(lambda h: (R_kpc + h) * B_R(R_kpc + h, z_kpc), _DIVERGENCE_STEP_KPC) / R_kpc
    found = outwards + slope(lambda h: B_z(R_kpc, z_kpc + h), _DIVERGENCE_STEP_KPC)
    return np.abs(found) / norm(*field(R_kpc, z_kpc))


def check_field(
    lines: FieldLines, surface: Strength, R_end_kpc: float, z_end_kpc: float, R_d_kpc: float
) -> None:
    """Refuse a field that is not one, or whose lines keep all particles.

    Parameters
    ----------
    lines : FieldLines
        The field, and what takes particles off its lines.
    surface : callable
        Negative where particles follow it, by (R, z).
    R_end_kpc, z_end_kpc, R_d_kpc : float
        How far it goes, and the radius of the disc.

    Raises
    ------
    UserError
        Naming the field: where its divergence is, or that its lines close inside the disc.
    """
    rng = np.random.default_rng(0)
    R, z = (rng.uniform(10 * _DIVERGENCE_STEP_KPC, end, 2000) for end in (R_end_kpc, z_end_kpc))
    R, z = (each[surface(R, z) < 0] for each in (R, z))
    for i in range(3):
        _component(lines, i, R, z)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = divergence_per_kpc(lines.field, R, z)
    worst = int(np.argmax(np.nan_to_num(found, nan=np.inf)))
    if not found[worst] < LARGEST_DIVERGENCE:
        raise UserError(
            f"{lines.name}: its divergence is {found[worst]:.2g} |B|/kpc at R = {R[worst]:.3g} kpc, "
            f"z = {z[worst]:.3g} kpc; allowed: none (a flux function A has B_R = -dA/dz/R, B_z = dA/dR/R)"
        )
    stuck = lines.epsilon == 0.0 and lines.wander_kpc == 0.0 and not lines.drifts
    end_kpc = R_end_kpc, z_end_kpc
    if stuck and (R_back := _returns_at_kpc(lines, surface, end_kpc, R_d_kpc)) is not None:
        raise UserError(
            f"{lines.name}: the line from R = {R_back:.2g} kpc closes inside the disc; allowed: with an "
            "epsilon, a wander or drifts, which take particles off their lines"
        )


def check_poloidal(shape: Shape, surface: Strength, R_end_kpc: float, z_end_kpc: float) -> None:
    """Refuse an X-shaped field whose poloidal part is stronger, inside a surface, than all of the field.

    Raises
    ------
    UserError
        Naming medium.B_pol, and how much of it there may be.
    """
    R, z = np.ix_(np.linspace(0.0, R_end_kpc, 401), np.linspace(0.0, z_end_kpc, 401))
    ratio = np.hypot(*poloidal(shape, R, z)) / shape.strength_uG(R, z)
    most = float(np.max(ratio, where=surface(R + 0.0 * z, z + 0.0 * R) < 0, initial=0.0))
    if most > 1.0:
        raise UserError(
            f'medium.B_pol = "{shape.B_pol_uG:g} uG": the poloidal field exceeds that of the halo, which '
            f"falls faster than its lines spread; allowed: at most {shape.B_pol_uG / most:.3g} uG, or "
            "another R_pol or z_open"
        )


def _returns_at_kpc(
    lines: FieldLines, surface: Strength, end_kpc: tuple[float, float], R_d_kpc: float
) -> float | None:
    """Where in the disc the first line starts that comes back to it, or never leaves; None if all leave."""
    start = (np.arange(_LINES) + 0.5) / _LINES * R_d_kpc
    inside = np.ones(_LINES, bool)
    for R, z in _followed(lines, start, inside):
        back = inside & (z < 0.0) & (R < R_d_kpc)
        if back.any():
            return float(start[back][0])
        inside &= (surface(R, np.abs(z)) < 0) & (R < end_kpc[0]) & (z < end_kpc[1]) & (z >= 0.0)
        if not inside.any():
            return None
    return float(start[inside][0])


def _followed(
    lines: FieldLines, R_kpc: FloatArray, going: np.ndarray
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Places (R, z) along the lines from the plane at some radii, step by step, while they are `going`."""
    R, z = R_kpc, np.full_like(R_kpc, 1e-6)
    # Away from the plane, wherever the field points to.
    up = np.where(lines.direction(R, z)[2] < 0.0, -1.0, 1.0)

    def along(R: FloatArray, z: FloatArray) -> FloatArray:
        b_R, _, b_z = lines.direction(np.abs(R), z)
        length = np.hypot(b_R, b_z)
        way = np.stack([b_R, b_z]) * up / np.maximum(length, _NO_DIRECTION)
        return np.where(length > _NO_DIRECTION, way, 0.0)

    for _ in range(_TRACE_STEPS):
        way = along(R, z)
        middle = along(R + 0.5 * _TRACE_STEP_KPC * way[0], np.abs(z + 0.5 * _TRACE_STEP_KPC * way[1]))
        R, z = R + going * _TRACE_STEP_KPC * middle[0], z + going * _TRACE_STEP_KPC * middle[1]
        yield R, z


def lines_in_half_plane(
    lines: FieldLines, R_kpc: ArrayLike, inside: Callable[[FloatArray, FloatArray], np.ndarray]
) -> list[tuple[FloatArray, FloatArray]]:
    """(R, z) along the lines from the plane at some radii, as far as they are inside; none of a circle."""
    start = np.asarray(R_kpc, float)
    going = np.hypot(*lines.direction(start, 1e-6 + 0.0 * start)[::2]) > _NO_DIRECTION
    places = [(start, 0.0 * start)]
    ends = going * 1
    for R, z in _followed(lines, start, going):
        going &= inside(R, np.abs(z)) & (z >= 0.0)
        if not going.any():
            break
        ends += going
        places.append((R, z))
    R, z = np.moveaxis(np.array(places), 1, 0)
    return [(R[:end, i], z[:end, i]) for i, end in enumerate(ends) if end > 1]
