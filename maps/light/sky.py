"""Line-of-sight integration of an emissivity from the Sun into HEALPix maps.

I(l, b) = integral q ds/(4 pi), in GeV^-1 cm^-2 s^-1 sr^-1 for q in GeV^-1 cm^-3 s^-1.

Frame: Galactocentric, Cartesian, right-handed, in kpc. x points from the Sun to the Galactic centre (l = 0),
y in the direction of Galactic rotation (l = 90 deg), z to the north Galactic pole (b = 90 deg); the Sun is
at (-8.178, 0, 0.0208). The direction of (l, b) is (cos b cos l, cos b sin l, sin b). Maps are in RING order
and Galactic coordinates; drawn as seen from inside, longitude increases to the left.

The points along a ray are the same for all rays and for both kinds of emissivity. Steps grow with the
distance from the Sun, which lies inside the thin gas disc: near the plane they are small against 100 pc
however steep the ray, further out about a third of a kpc. A step that crosses the rim of the gas disc is
cut there. A pixel is one ray through its centre, except close to the plane, where it is a fan of rays in
latitude.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...fields._jit import entry, kernel, over_lanes
from ...fields.cores import cores
from ...fields.units import KPC_CM, FloatArray

SUN_R_KPC = 8.178
SUN_Z_KPC = 0.0208
SUN_KPC = (-SUN_R_KPC, 0.0, SUN_Z_KPC)

Emissivity = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]

# Steps are _STEP (s + _NEAR_KPC)/(1 + s/_FAR_KPC): 0.05% on a disc of 100 pc, 1% on a jump at r = 12 kpc.
_STEP, _NEAR_KPC, _FAR_KPC = 0.06, 0.05, 6.0
# The disc seen edge-on is 0.1 kpc/18 kpc = 0.005 wide in sin b.
_FAN_SPACING = 0.002
_RAYS_PER_CHUNK = 128
# Channels that are added at a time: whole vectors of them.
_TOGETHER = 16


def _distance_edges_kpc(s_max_kpc: float) -> FloatArray:
    """Edges of the steps from the Sun out to `s_max_kpc`."""
    s = _NEAR_KPC * np.expm1(np.linspace(0, np.log1p(s_max_kpc / _NEAR_KPC), 4001))
    steps = ((1 - _NEAR_KPC / _FAR_KPC) * np.log1p(s / _NEAR_KPC) + s / _FAR_KPC) / _STEP
    return np.interp(np.linspace(0, steps[-1], int(np.ceil(steps[-1])) + 1), steps, s)


class Rays(NamedTuple):
    """Lines of sight. The intensity of a pixel is the sum of weight times intensity over its rays."""

    pixel: np.ndarray  # (n_ray,)
    weight: FloatArray  # (n_ray,)
    direction: FloatArray  # (n_ray, 3)
    stops: FloatArray  # (n_ray, 3): two crossings of the rim (0 or less if none) and the end of the ray, kpc


class Nodes(NamedTuple):
    """Points of quadrature along some rays, each array (n_ray, n_node); unused ones have no width."""

    s: FloatArray  # distance from the Sun, kpc
    ds: FloatArray  # width, kpc
    step: np.ndarray  # the step they lie in


def _pixel_rays(nside: int, thin_disc: bool) -> tuple[np.ndarray, FloatArray, FloatArray]:
    """Pixel, weight and direction of every ray; one for each pixel where there is no thin disc.

    Away from the poles a pixel is a diamond in (l, sin b) of half-height 2/(3 nside). The disc shines as
    1/|sin b|, so a ray through the centre misses the mean of a pixel by (half-height/sin b)^2/6; where that
    is above 0.5% the pixel is a fan of rays, weighted with the width of the diamond.
    """
    import healpy

    l, b = healpy.pix2ang(nside, np.arange(healpy.nside2npix(nside)), lonlat=True)
    sin_b, half_height = np.sin(np.radians(b)), 2 / (3 * nside)
    n_fan = int(np.ceil(2 * half_height / _FAN_SPACING))
    fanned = thin_disc & (np.abs(sin_b) < 6 * half_height) & (np.abs(sin_b) + half_height <= 2 / 3)
    pixel = np.repeat(np.arange(l.size), np.where(fanned, n_fan, 1))

    offset = (2 * np.arange(n_fan) + 1) / n_fan - 1
    triangle = (1 - np.abs(offset)) / np.sum(1 - np.abs(offset))
    in_fan = fanned[pixel]
    weight, sin_b = np.ones(pixel.size), sin_b[pixel]
    weight[in_fan] = np.tile(triangle, fanned.sum())
    sin_b[in_fan] += np.tile(offset * half_height, fanned.sum())
    cos_b, l = np.sqrt(1 - sin_b**2), np.radians(l[pixel])
    return pixel, weight, np.stack([cos_b * np.cos(l), cos_b * np.sin(l), sin_b], axis=1)


def all_rays(nside: int, r_max_kpc: float, disc_radius_kpc: float | None) -> Rays:
    """All rays of a map, with the distances at which they cross the rim and leave the sphere."""
    if not r_max_kpc > np.hypot(SUN_R_KPC, SUN_Z_KPC):
        raise ValueError(f"r_max_kpc = {r_max_kpc} leaves the Sun outside; it must exceed {SUN_R_KPC}")
    pixel, weight, direction = _pixel_rays(nside, thin_disc=disc_radius_kpc is not None)
    x, y, z = direction.T
    a = np.maximum(x**2 + y**2, 1e-30)
    square = a * ((disc_radius_kpc or 0.0) ** 2 - SUN_R_KPC**2) + (SUN_R_KPC * x) ** 2
    root = np.sqrt(np.maximum(square, 0))  # a ray that misses the rim gets one needless stop
    rim = [(SUN_R_KPC * x - root) / a, (SUN_R_KPC * x + root) / a]
    along = SUN_Z_KPC * z - SUN_R_KPC * x
    end = np.sqrt(along**2 + r_max_kpc**2 - SUN_R_KPC**2 - SUN_Z_KPC**2) - along
    return Rays(pixel, weight, direction, np.stack([*rim, end], axis=1))


@entry()
def _place_nodes(edges, stops, s, ds, step):
    """Fill the midpoints and widths of the steps of every ray, cut at its stops."""
    for ray in range(len(stops)):
        n, a = 0, 0.0
        for i in range(len(edges) - 1):
            for stop in (stops[ray, 0], stops[ray, 1], edges[i + 1]):
                b = min(stop, edges[i + 1], stops[ray, 2])
                if b > a:
                    s[ray, n], ds[ray, n], step[ray, n] = (a + b) / 2, b - a, i
                    n, a = n + 1, b


@kernel
def _cell(nodes, x, i):
    """Index and fraction of `x` between increasing nodes, searched from `i`; held at the first node."""
    while i + 2 < len(nodes) and nodes[i + 1] <= x:
        i += 1
    while i > 0 and nodes[i] > x:
        i -= 1
    return i, max((x - nodes[i]) / (nodes[i + 1] - nodes[i]), 0.0)


@kernel
def place_on_ray(R_nodes, z_nodes, direction, s, sun_R, sun_z, i, j):
    """A place on a ray, at a distance from the Sun: whether a table has it, its cell and its fractions there.

    `i` and `j` are the cell to search from.
    """
    along_x, along_y = s * direction[0] - sun_R, s * direction[1]
    R, z = np.sqrt(along_x * along_x + along_y * along_y), abs(s * direction[2] + sun_z)
    if R > R_nodes[-1] or z > z_nodes[-1]:
        return False, i, j, 0.0, 0.0
    i, f = _cell(R_nodes, R, i)
    j, g = _cell(z_nodes, z, j)
    return True, i, j, f, g


@over_lanes
def _add_channels(row, seen, q00, q01, q10, q11, ds, f, g, lit):
    """Add what is seen of a place in a cell with these corners, in the blocks of channels that are lit."""
    w00, w01, w10, w11 = ds * (1 - f) * (1 - g), ds * (1 - f) * g, ds * f * (1 - g), ds * f * g
    together = np.uint64(_TOGETHER)
    for block in range(
        np.uint64(lit[0]) // together, (np.uint64(lit[1]) + together - np.uint64(1)) // together
    ):
        for one in range(together):
            c = block * together + one
            row[c] += seen[c] * (w00 * q00[c] + w01 * q01[c] + w10 * q10[c] + w11 * q11[c])


@entry()
def _integrate_table(table, R_nodes, z_nodes, lit, transmission, direction, nodes, sun_R, sun_z, integral):
    """Add q * transmission * ds along each ray to its row of `integral`; what is dark is left out."""
    s, ds, step = nodes
    for ray in range(len(direction)):
        i, j = 0, 0
        for k in range(s.shape[1]):
            there, i, j, f, g = place_on_ray(R_nodes, z_nodes, direction[ray], s[ray, k], sun_R, sun_z, i, j)
            if ds[ray, k] == 0 or not there:
                continue
            corners = table[i, j], table[i, j + 1], table[i + 1, j], table[i + 1, j + 1]
            _add_channels(integral[ray], transmission[step[ray, k]], *corners, ds[ray, k], f, g, lit[i, j])


def whole_blocks(values: FloatArray) -> FloatArray:
    """With channels of zeros added, so that there are whole blocks of them."""
    missing = -values.shape[-1] % _TOGETHER
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, missing)])


def lit_channels(table: FloatArray) -> np.ndarray:
    """First and past the last channel with light in each cell between nodes, (n_R - 1, n_z - 1, 2).

    The gas of disc, halo and circumgalactic medium is in different places: most channels are dark in a cell.
    """
    at_nodes = table != 0
    beside = at_nodes[1:] | at_nodes[:-1]
    lit = beside[:, 1:] | beside[:, :-1]
    any_lit = lit.any(axis=-1)
    first, last = lit.argmax(axis=-1), lit.shape[-1] - lit[..., ::-1].argmax(axis=-1)
    return np.ascontiguousarray(np.stack([first, last], axis=-1) * any_lit[..., None])


def transmission(edges: FloatArray, absorption_per_kpc: ArrayLike | None, n_channel: int) -> FloatArray:
    """exp(-s/mean free path) at the middle of each step, shape (n_step, n_channel)."""
    absorption = np.zeros(1) if absorption_per_kpc is None else np.asarray(absorption_per_kpc, dtype=float)
    absorption = np.broadcast_to(absorption, (n_channel,))
    return np.exp(-(edges[1:, None] + edges[:-1, None]) / 2 * absorption)


def _map_of_rays(
    of_steps: Callable[[FloatArray], Callable[[FloatArray, Nodes], FloatArray]],
    nside: int,
    r_max_kpc: float,
    disc_radius_kpc: float | None,
    axisymmetric: bool,
) -> FloatArray:
    """Map (n_channel, n_pix) from ``of_steps(edges)(direction, nodes)``, each (n_ray, n_channel).

    What is axisymmetric is the same at l and -l: one of the two is looked at, by all threads.
    """
    rays = all_rays(nside, r_max_kpc, disc_radius_kpc)
    edges = distance_edges_kpc(rays)
    along_rays = of_steps(edges)
    mirror = mirrors(nside) if axisymmetric else np.arange(12 * nside**2)
    rays = some_of(rays, rays.pixel <= mirror[rays.pixel])

    def integrated(part: slice) -> FloatArray:
        some = some_of(rays, part)
        return along_rays(some.direction, nodes_on(edges, some))

    intensity = None
    # Threads of Python's own, which end here: those of numba survive no fork, and no second thread.
    with ThreadPoolExecutor(cores() if axisymmetric else 1) as pool:
        parts = chunks(len(rays.pixel))
        for part, integral in zip(parts, pool.map(integrated, parts), strict=True):
            if intensity is None:
                intensity = np.zeros((12 * nside**2, integral.shape[1]))
            # The rays of a pixel are one after the other.
            first = np.flatnonzero(np.diff(rays.pixel[part], prepend=-1))
            of_pixels = np.add.reduceat(rays.weight[part, None] * integral, first)
            intensity[rays.pixel[part][first]] += of_pixels
    assert intensity is not None
    intensity = intensity[np.minimum(mirror, np.arange(mirror.size))]
    return np.ascontiguousarray(intensity.T) * (KPC_CM / (4 * np.pi))


def mirrors(nside: int) -> np.ndarray:
    """The pixel at -l of the pixel at l."""
    import healpy

    theta, l = healpy.pix2ang(nside, np.arange(12 * nside**2))
    return np.asarray(healpy.ang2pix(nside, theta, -l))


def some_of(rays: Rays, which: Any) -> Rays:
    """Some of the rays."""
    return Rays(*(each[which] for each in rays))


def distance_edges_kpc(rays: Rays) -> FloatArray:
    """Edges of the steps of all rays, to where the last one ends."""
    return _distance_edges_kpc(rays.stops[:, 2].max())


def chunks(rays: int) -> list[slice]:
    """So many rays at a time that the points on them stay in the processor's cache."""
    return [slice(begin, begin + _RAYS_PER_CHUNK) for begin in range(0, rays, _RAYS_PER_CHUNK)]


def nodes_on(edges: FloatArray, rays: Rays) -> Nodes:
    """The points of quadrature on some rays."""
    shape = (len(rays.stops), len(edges) + 2)
    nodes = Nodes(np.zeros(shape), np.zeros(shape), np.zeros(shape, np.int64))
    _place_nodes(edges, rays.stops, *nodes)
    return nodes


def table_sky_map(
    table: ArrayLike,
    R_kpc: ArrayLike,
    z_kpc: ArrayLike,
    nside: int,
    *,
    absorption_per_kpc: ArrayLike | None = None,
    r_max_kpc: float = 100.0,
    disc_radius_kpc: float | None = 10.0,
) -> FloatArray:
    """Map of an axisymmetric, mirror-symmetric emissivity given on nodes in R and |z|.

    Bilinear between the nodes, constant inside the first node and zero beyond the last. For an edge that is
    sharp in R put two nodes close to it on either side.

    Parameters
    ----------
    table : array_like, shape (n_R, n_z, n_channel)
        Emissivity q in GeV^-1 cm^-3 s^-1; float32 is kept as it is.
    R_kpc, z_kpc : array_like
        Increasing nodes, at least two each, z_kpc >= 0.
    nside, absorption_per_kpc, r_max_kpc, disc_radius_kpc
        As for `sky_map`; `disc_radius_kpc` is None where there is no thin disc, nor an edge of one.

    Returns
    -------
    ndarray, shape (n_channel, 12 nside^2)
        Intensity in GeV^-1 cm^-2 s^-1 sr^-1.

    Raises
    ------
    ValueError
        If the shapes do not fit, nodes do not increase, or `r_max_kpc` leaves the Sun outside.
    """
    q = np.ascontiguousarray(table)
    q = q if q.dtype == np.float32 else q.astype(float, copy=False)
    R, z = (np.ascontiguousarray(nodes, dtype=float) for nodes in (R_kpc, z_kpc))
    if q.ndim != 3 or q.shape[:2] != (R.size, z.size):
        raise ValueError(f"table has shape {q.shape}; expected ({R.size}, {z.size}, n_channel)")
    for name, nodes in (("R_kpc", R), ("z_kpc", z)):
        if nodes.size < 2 or not np.all(np.diff(nodes) > 0) or nodes[0] < 0:
            raise ValueError(f"{name} must be two or more increasing nodes from 0 or above")

    channels, q = q.shape[2], whole_blocks(q)
    lit = lit_channels(q)

    def of_steps(edges: FloatArray) -> Callable[[FloatArray, Nodes], FloatArray]:
        seen = whole_blocks(transmission(edges, absorption_per_kpc, channels))

        def along_rays(direction: FloatArray, nodes: Nodes) -> FloatArray:
            integral = np.zeros((len(direction), q.shape[2]))
            _integrate_table(q, R, z, lit, seen, direction, tuple(nodes), SUN_R_KPC, SUN_Z_KPC, integral)
            return integral

        return along_rays

    return _map_of_rays(of_steps, nside, r_max_kpc, disc_radius_kpc, axisymmetric=True)[:channels]


def sky_map(
    q: Emissivity,
    nside: int,
    *,
    absorption_per_kpc: ArrayLike | None = None,
    r_max_kpc: float = 100.0,
    disc_radius_kpc: float = 10.0,
) -> FloatArray:
    """Map of any emissivity.

    Parameters
    ----------
    q : callable
        ``q(x_kpc, y_kpc, z_kpc)`` in GeV^-1 cm^-3 s^-1, vectorised: returns the shape of its arguments, or
        that shape and one more axis for the channels.
    nside : int
        HEALPix resolution.
    absorption_per_kpc : array_like, optional
        Inverse mean free path in 1/kpc, one number or one for each channel (`cmb_absorption_per_kpc`).
    r_max_kpc : float
        Radius of the sphere about the Galactic centre in which there is anything to see.
    disc_radius_kpc : float
        Cylinder on which q may jump: steps end there.

    Returns
    -------
    ndarray, shape (n_channel, 12 nside^2), or (12 nside^2,) if q has no axis for channels
        Intensity in GeV^-1 cm^-2 s^-1 sr^-1, RING order, Galactic coordinates.

    Raises
    ------
    ValueError
        If `r_max_kpc` leaves the Sun outside.
    """

    def of_steps(edges: FloatArray) -> Callable[[FloatArray, Nodes], FloatArray]:
        def along_rays(direction: FloatArray, nodes: Nodes) -> FloatArray:
            x, y, z = np.moveaxis(nodes.s[..., None] * direction[:, None, :] + SUN_KPC, -1, 0)
            values = np.asarray(q(x, y, z), dtype=float)
            values = values.reshape(*nodes.s.shape, -1)
            seen = transmission(edges, absorption_per_kpc, values.shape[2])[nodes.step]
            return np.einsum("rn,rnc,rnc->rc", nodes.ds, values, seen)

        return along_rays

    intensity = _map_of_rays(of_steps, nside, r_max_kpc, disc_radius_kpc, axisymmetric=False)
    has_channels = np.ndim(q(*np.full((3, 1), 1.0))) == 2
    return intensity if has_channels else intensity[0]
