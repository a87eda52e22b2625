"""The medium as kernels read it: plain arrays at nodes in R, |z| and momentum."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

FAR_KPC = 1e6
# Relative: what differs by less counts as a multiple of a step.
_ROUNDING = 1e-9


class Wall(IntEnum):
    """What the surface does to a particle that reaches it from within."""

    ABSORBING = 0
    TWO_WAY = 1
    ONE_WAY = 2
    CLOSED = 3


class Axis(NamedTuple):
    """Non-uniform nodes with an O(1) look-up: nodes are multiples of `1/inverse_step`.

    Attributes
    ----------
    nodes : ndarray
        From 0 [kpc].
    inverse_step : float
        One over the step [1/kpc].
    place_of_step : ndarray of int
        For each step the cell that it lies in, packed into one number, since looking up is what costs: the
        cell in the lowest 16 bits, its width in steps in the next 16, and its first step above them.
    """

    nodes: np.ndarray
    inverse_step: float
    place_of_step: np.ndarray

    @property
    def cell_of_step(self) -> np.ndarray:
        """The cell that each step lies in."""
        return self.place_of_step & 0xFFFF


class LinesTable(NamedTuple):
    """Field lines at the nodes, and what takes particles off them.

    Attributes
    ----------
    field : ndarray, shape (n_R, n_z, 4)
        Unit vector (b_R, b_phi, b_z) along the field above the plane, and ln of its strength in uG.
    epsilon, wander : float
        Of `field_lines.FieldLines`: D across over D along the field, and D_FL [kpc].
    drifts : bool
        Whether guiding centres drift.
    drift : ndarray, shape (n_R, n_z, 2)
        curl(b/B) along R and z [1/(kpc uG)]; (1, 1, 2) zeros, which are not looked up, without drifts.
    """

    field: np.ndarray
    epsilon: float
    wander: float
    drifts: bool
    drift: np.ndarray


class MediumTable(NamedTuple):
    """The plain arrays that a kernel reads; grids are ([ln p,] R, |z|[, component]), at the nodes.

    Attributes
    ----------
    R, z : Axis
        Nodes in R and |z| [kpc]; values are held constant beyond the last one.
    ln_p0, inverse_dln_p : float
        First momentum node, ln(p GeV/c), and one over the step between them.
    ln_D_over_v_halo, ln_D_over_v_bell : ndarray, shape (n_p, n_R, n_z)
        ln of D over the speed [kpc], inside and outside the surface.
    outflow : ndarray, shape (n_R, n_z, 3)
        u_R, u_z [kpc/Myr] and div u [1/Myr] outside the surface.
    halo_moves : bool
        Whether the halo has a flow of its own.
    halo_flow : ndarray, shape (n_R, n_z, 3)
        The same inside; (1, 1, 3) zeros, which are not looked up, where the halo is at rest.
    gas : ndarray, shape (n_R, n_z, 3)
        Hydrogen of the disc, the halo and the circumgalactic medium [cm^-3]; of the first two not that at the
        nodes but the mean about each, so that an edge of gas changes no mass.
    distance : ndarray, shape (n_R, n_z)
        Signed distance to the surface, negative inside [kpc].
    thickness : float
        Largest distance of a place inside to the surface [kpc].
    max_grad_ln_D_halo, max_grad_ln_D_bell : float
        Largest |grad ln D| inside and outside, of all momenta [1/kpc].
    halo_scale : ndarray, shape (n_R, n_z)
        Length over which D, or the direction of field lines, changes in the halo, there or at a distance from
        there [kpc].
    loss_rate : ndarray, shape (n_p,)
        -(dp/dt)/(p n) in protons [1/Myr per cm^-3].
    collisions : ndarray, shape (3,)
        Collisions in each gas over those with as many protons as its density says.
    fastest_loss_halo, fastest_loss_bell : float
        -dln p/dt of pp losses in the densest gas of a side [1/Myr].
    wall : int
        A `Wall`.
    r_max, bell_outer_radius : float
        Radius of the absorbing outer sphere, and that beyond which whoever is outside the surface is free
        [kpc].
    disc_scale : float
        Height of the gas disc, which steps near the plane have to resolve [kpc].
    source_radii : ndarray
        Radii within which shares of the sources lie whose roots are evenly spaced from 0 to 1 [kpc]; (0,)
        where sources are uniform.
    lines : LinesTable or None
        Field lines inside the surface, along which D is that of the table; None where D is isotropic.
    """

    R: Axis
    z: Axis
    ln_p0: float
    inverse_dln_p: float
    ln_D_over_v_halo: np.ndarray
    ln_D_over_v_bell: np.ndarray
    outflow: np.ndarray
    halo_moves: bool
    halo_flow: np.ndarray
    gas: np.ndarray
    distance: np.ndarray
    thickness: float
    max_grad_ln_D_halo: float
    max_grad_ln_D_bell: float
    halo_scale: np.ndarray
    loss_rate: np.ndarray
    collisions: np.ndarray
    fastest_loss_halo: float
    fastest_loss_bell: float
    wall: int
    r_max: float
    bell_outer_radius: float
    disc_scale: float
    source_radii: np.ndarray
    lines: LinesTable | None


def axis(*pieces: tuple[float, float], edge: float | None = None) -> Axis:
    """Nodes from 0 through (end, spacing) pieces, all of them multiples of one step.

    Parameters
    ----------
    *pieces : (float, float)
        End of a stretch of nodes and the spacing between them, at most; those that end before the one before
        are left out.
    edge : float, optional
        A place that gets a node: the step is the smallest spacing, or so much less that it divides this.

    Examples
    --------
    >>> axis((0.5, 0.25), (2.0, 0.5)).nodes.tolist()
    [0.0, 0.25, 0.5, 1.0, 1.5, 2.0]
    >>> axis((1.0, 1.0), (4.0, 2.0), edge=1.5).nodes.tolist()
    [0.0, 0.75, 1.5, 3.0, 4.5]
    """
    length = smallest = min(spacing for _, spacing in pieces)
    if edge is not None:
        length = edge
    parts = int(np.ceil(length / smallest * (1.0 - _ROUNDING)))
    step = length / parts
    at = [0]
    for end, spacing in pieces:
        stride = max(int(spacing / step * (1.0 + _ROUNDING)), 1)
        for stop in (edge, end) if edge is not None and edge < end else (end,):
            last = int(np.ceil(stop / step * (1.0 - _ROUNDING)))
            at += [*range(at[-1] + stride, last, stride), last] if last > at[-1] else []
    values = np.array(at) * length / parts  # the edge to the last bit
    width = np.diff(at)
    if max(len(at), width.max()) > 0xFFFF:
        raise ValueError(f"{len(at)} nodes, {width.max()} steps apart, are more than 16 bits hold")
    places = np.arange(len(at) - 1) | width << 16 | np.array(at[:-1]) << 32
    return Axis(values, 1.0 / step, np.repeat(places, width))


def doubling_pieces(length_kpc: float, parts: int, widest_kpc: float) -> list[tuple[float, float]]:
    """Pieces of an `axis` that resolve a length in so many parts, up to twice that length.

    From there on spacings double where the place does, for as long as they are below the widest.

    Examples
    --------
    >>> doubling_pieces(0.5, 10, 0.25)
    [(1.0, 0.05), (2.0, 0.1), (4.0, 0.2)]
    """
    end, spacing, pieces = 2.0 * length_kpc, length_kpc / parts, []
    while spacing < widest_kpc:
        pieces.append((end, spacing))
        end, spacing = 2.0 * end, 2.0 * spacing
    return pieces


MOMENTUM_NODES_GeV = np.logspace(-1.5, 7.25, 36)
# Gradients of ln D below this count as this: what changes over more than a Mpc is uniform here [1/kpc].
MIN_GRAD_LN_D = 1e-3


def _grad_ln_D(ln_D: np.ndarray, R: np.ndarray, z: np.ndarray, used: np.ndarray) -> np.ndarray:
    """|grad ln D| at the centres of the cells in use, the largest of all momenta [1/kpc]; zero elsewhere.

    A corner of the field (the rim of the disc) is steeper inside its one cell; paths there are too short
    for it to matter.
    """
    along_R, along_z = _cell_slopes(ln_D, R, z)
    return np.where(used, np.sqrt(along_R**2 + along_z**2).max(axis=-1), 0.0)


_SLOWER = 0.7


def _scale_kpc(grad_ln_D: np.ndarray, R: np.ndarray, z: np.ndarray) -> np.ndarray:
    """At each node, twice the length over which ln D changes by one there, or at a distance from there.

    The least of 2/|grad ln D| plus 0.7 of the way, over all the cells.
    """
    of_cells = 2.0 / np.maximum(grad_ln_D, MIN_GRAD_LN_D)
    padded = np.pad(of_cells, 1, constant_values=np.inf)
    scale = np.minimum(
        np.minimum(padded[1:, 1:], padded[:-1, 1:]), np.minimum(padded[1:, :-1], padded[:-1, :-1])
    )
    for axis, nodes in ((0, R), (1, z)):
        lines = np.moveaxis(scale, axis, 0)
        way = _SLOWER * np.diff(nodes)
        for i in range(1, len(nodes)):
            lines[i] = np.minimum(lines[i], lines[i - 1] + way[i - 1])
        for i in range(len(nodes) - 2, -1, -1):
            lines[i] = np.minimum(lines[i], lines[i + 1] + way[i])
    return scale


# A direction that is azimuthal but for this part has no other one that changes.
_LEAST_POLOIDAL = 1e-3


def _turning(field: np.ndarray, R: np.ndarray, z: np.ndarray) -> np.ndarray:
    """How fast the poloidal direction of field lines and ln B change in each cell [1/kpc]."""
    b, ln_B = field[..., [0, 2]], field[..., 3:]
    poloidal = np.sqrt((b**2).sum(axis=-1))
    least = np.minimum(
        np.minimum(poloidal[1:, 1:], poloidal[:-1, 1:]), np.minimum(poloidal[1:, :-1], poloidal[:-1, :-1])
    )
    turns, falls = (
        np.sqrt(sum((each**2).sum(axis=-1) for each in _cell_slopes(values, R, z))) for values in (b, ln_B)
    )
    return np.maximum(turns / np.maximum(least, _LEAST_POLOIDAL), falls)


def _cell_slopes(values: np.ndarray, R: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes along R and |z| at the centres of cells, of values (R, |z|, entries)."""
    low, high = values[:-1], values[1:]
    along_R = 0.5 * (high[:, 1:] - low[:, 1:] + high[:, :-1] - low[:, :-1]) / np.diff(R)[:, None, None]
    along_z = 0.5 * (low[:, 1:] - low[:, :-1] + high[:, 1:] - high[:, :-1]) / np.diff(z)[None, :, None]
    return along_R, along_z


def _cells_used(inside: np.ndarray) -> np.ndarray:
    return inside[1:, 1:] | inside[:-1, 1:] | inside[1:, :-1] | inside[:-1, :-1]


def assembled(
    R_axis: Axis,
    z_axis: Axis,
    ln_D_halo: np.ndarray,
    ln_D_bell: np.ndarray,
    distance: np.ndarray,
    **rest: Any,
) -> MediumTable:
    """A table from what was sampled at its nodes, ln(D/v) as (R, |z|, ln p), with what follows from that."""
    in_halo, in_bell = (
        _grad_ln_D(ln_D, R_axis.nodes, z_axis.nodes, _cells_used(side))
        for ln_D, side in ((ln_D_halo, distance < 0), (ln_D_bell, distance > 0))
    )
    changes, lines = in_halo, rest["lines"]
    if lines is not None:
        turning = _turning(lines.field, R_axis.nodes, z_axis.nodes)
        changes = np.maximum(in_halo, np.where(_cells_used(distance < 0), turning, 0.0))
    ln_p, counted = np.log(MOMENTUM_NODES_GeV), rest["gas"] * rest["collisions"]
    arrays: dict[str, Any] = {
        name: np.ascontiguousarray(value, float) if isinstance(value, np.ndarray) else value
        for name, value in rest.items()
    }
    return MediumTable(
        R=R_axis,
        z=z_axis,
        ln_p0=float(ln_p[0]),
        inverse_dln_p=float(1.0 / (ln_p[1] - ln_p[0])),
        ln_D_over_v_halo=np.ascontiguousarray(np.moveaxis(ln_D_halo, -1, 0)),
        ln_D_over_v_bell=np.ascontiguousarray(np.moveaxis(ln_D_bell, -1, 0)),
        distance=np.ascontiguousarray(distance, float),
        thickness=float(-distance.min()),
        max_grad_ln_D_halo=float(in_halo.max(initial=0.0)),
        max_grad_ln_D_bell=float(in_bell.max(initial=0.0)),
        halo_scale=_scale_kpc(changes, R_axis.nodes, z_axis.nodes),
        fastest_loss_halo=float(rest["loss_rate"].max() * counted[..., :2].sum(axis=-1).max()),
        fastest_loss_bell=float(rest["loss_rate"].max() * counted[..., 2].max()),
        **arrays,
    )
