"""Known answers of guiding centres on field lines: flights, steps, mirrors, walls."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.integrate import dblquad

from ...fields.field_lines import FieldLines
from ...fields.medium import Medium
from ...fields.medium_table import Wall, axis
from ...fields.units import C_KPC_MYR, FloatArray
from ...mc.blocks import Transport
from ...mc.engine import run
from ...mc.orbits.alone import bounces, occupancy, travelled
from ...mc.tally import TallyGrid
from .tensor import helix
from .tools import THREADS, Rows, Slab, cells, check, follow, mean_escape_time, profile, row

C = C_KPC_MYR
_LN_P = float(np.log(1e6))
_SEED = 41
PARTICLES = 12_000
Height = Callable[[FloatArray], FloatArray]


def straight(free_path_kpc: Height, B: Height, top_kpc: float, step_kpc: float = 0.01) -> Medium:
    """Lines along z on which lambda and B vary, without a surface; what is not the axis does not matter."""
    return Medium.tabulate(
        diffusion_halo=lambda p, R, z: free_path_kpc(z) * C / 3.0 + 0.0 * p * R,
        surface=lambda R, z: -1.0 + 0.0 * R * z,
        R_axis=axis((10.0, 5.0)),
        z_axis=axis((top_kpc, step_kpc)),
        r_max_kpc=1e9,
        lines=FieldLines(lambda R, z: (0.0 * R * z, 0.0 * R * z, B(z) + 0.0 * R)),
    )


def _occupancy(
    medium: Medium, free_paths: float, B: Height, top: float, t_max: float, particles: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Density over that of uniform ones, <mu> and 3 <mu^2>, replicas of each, (20, layers)."""
    occupied = np.zeros((particles, 4, 4))
    occupancy(medium.table, free_paths, _LN_P, top, t_max, _SEED, particles, occupied)
    z = (np.arange(4000) + 0.5) / 4000 * top
    volume = (1.0 / B(z)).reshape(4, -1).mean(axis=1)
    density = occupied[..., 0] / t_max / (volume / volume.sum())
    left = _left_out(occupied)
    return _left_out(density), left[..., 2] / left[..., 1], 3.0 * left[..., 3] / left[..., 1]


def _left_out(values: FloatArray) -> FloatArray:
    """Means over particles with a twentieth of them left out in turn: replicas for `check`."""
    groups = values[: len(values) // 20 * 20].reshape(20, -1, *values.shape[1:]).mean(axis=1)
    return (groups.sum(axis=0) - groups) / 19.0


def steps_alone(scale: float) -> Rows:
    """Steps without flights in a periodic tube, lambda div b up to 0.08: a uniform density."""
    top, depth = 10.0, 1.0
    free_path = 0.08 * top / (np.pi * depth)

    def B(z: FloatArray) -> FloatArray:
        return np.exp(depth * np.cos(np.pi * z / top))

    t_max = 60.0 * top**2 / (free_path * C / 3.0)
    medium = straight(lambda z: free_path + 0.0 * z, B, top)
    uniform, mu, _ = _occupancy(medium, 3.0, B, top, t_max, int(1000 * scale))
    return [
        *(check(f"steps along a tube: density, quarter {i + 1}", uniform[:, i], 1.0, 0.01) for i in range(4)),
        *(check(f"steps along a tube: <mu>, quarter {i + 1}", mu[:, i], 0.0, 0.01) for i in range(4)),
    ]


def hand_over(scale: float) -> Rows:
    """Steps and flights, lambda 0.03 to 0.25 scale lengths, in a field that falls: uniform and isotropic."""
    top = 6.0

    def B(z: FloatArray) -> FloatArray:
        return np.exp(-0.75 * (1.0 - np.cos(np.pi * z / top)))

    medium = straight(lambda z: 0.12 * np.exp(1.0 - np.cos(np.pi * z / top)), B, top)
    t_max = 120.0 * top**2 / (0.24 * C / 3.0)
    uniform, mu, mu2 = _occupancy(medium, 0.0, B, top, t_max, int(400 * scale))
    rows = [check(f"closed tube: density, quarter {i + 1}", uniform[:, i], 1.0, 0.01) for i in range(4)]
    # A step has a direction for lambda alone, whose mean is made up for by its drift: below, they step.
    for i in (2, 3):
        rows.append(check(f"closed tube: <mu>, quarter {i + 1}", mu[:, i], 0.0, 0.01))
        rows.append(check(f"closed tube: 3 <mu^2>, quarter {i + 1}", mu2[:, i], 1.0, 0.01))
    return rows


def mirrors(scale: float) -> Rows:
    """Between mirrors, B = B0 (1 + z^2/L^2): a period 2 pi L/(v sin theta), turning at L cot theta."""
    length, rows = 2.0, []
    medium = straight(lambda z: 1e30 + 0.0 * z, lambda z: 1.0 + (z / length) ** 2, 8.0)
    for mu in (0.3, 0.6):
        found, sine = np.zeros(3), np.sqrt(1.0 - mu**2)
        bounces(medium.table, _LN_P, mu, max(int(10_000 * scale), 100), found)
        period = found[0] * C * sine / (2.0 * np.pi * length)
        turning = found[1] * sine / (mu * length)
        rows.append(row(f"mirrors: period at mu = {mu}", period, 1.0, 0.0, 1e-3))
        rows.append(row(f"mirrors: turning point at mu = {mu}", turning, 1.0, 0.0, 1e-3))
        rows.append(row(f"mirrors: change of the magnetic moment at mu = {mu}", found[2], 0.0, 0.0, 1e-9))
    return rows


def coherent_speed_over_v(focusing: float) -> float:
    """Of focused transport with isotropising scattering, by lambda div b."""

    def cosine(y: float, mu: float) -> float:
        return np.exp(-y) * np.tanh(np.arctanh(mu) + 0.5 * focusing * y)

    return 0.5 * float(dblquad(cosine, -1.0, 1.0, 0.0, 40.0, epsabs=1e-6)[0])


def _falling(focusing: float, z: FloatArray) -> FloatArray:
    """A field that falls by e over one over the focusing [kpc]."""
    return np.exp(-focusing * (z - 100.0))


def focused(scale: float) -> Rows:
    """Focused transport: particles in a field that falls for ever drift along it."""
    rows = []
    for focusing, particles, path in (
        (0.1, 80_000, 400.0),
        (0.5, 24_000, 60.0),
        (1.0, 8_000, 60.0),
        (2.0, 3_000, 60.0),
    ):
        medium = straight(lambda z: 1.0 + 0.0 * z, partial(_falling, focusing), 400.0, 1.0)
        time, count = path / C, int(particles * scale)
        places = np.zeros((count, 2))
        travelled(medium.table, _LN_P, 100.0, 2.0 * time, _SEED, count, places)
        way = (places[:, 1] - places[:, 0]) / path
        over_known = _left_out(way) / coherent_speed_over_v(focusing)
        rows.append(check(f"focusing: coherent speed at lambda div b = {focusing}", over_known, 1.0, 0.01))
    return rows


def tube_halo(scale: float) -> Rows:
    """D = D0 B0/B along a tube that opens as B falls: n_gal/phi = z_B/(2 D0), half of the isotropic one."""
    z_B, H, free_path = 2.0, 8.0, 0.01

    def field(R: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        return 0.0 * R * z, 0.0 * R * z, np.exp(-z / z_B) + 0.0 * R

    slab = Slab(H, lambda z: free_path * np.exp(z / z_B), lines=FieldLines(field))
    result = follow(slab.medium(), cells(np.array([0.0, 0.05, H])), int(12_000 * scale), 42)
    # n(z), times how the tube has widened, over the lowest cell.
    z = np.linspace(0.0, 0.05, 101)
    n = 0.5 * z_B * 3.0 / (free_path * C) * (np.exp(-2.0 * z / z_B) - np.exp(-2.0 * H / z_B))
    known = float(np.mean(n * np.exp(z / z_B)))
    return [check("tube: n_gal over z_B/(2 D0)", profile(result)[:, 0] / known, 1.0, 0.02)]


def tilted_slab(scale: float) -> Rows:
    """Lines at an angle to z in a slab: <t> = H^2/[2 D (cos^2 psi + epsilon sin^2 psi)].

    And level ones that wander: <t> = H^2/(D_FL v).
    """
    H, free_path = 4.0, 0.01
    D, wander = free_path * C / 3.0, 1e-4
    cases = (
        ("at 0 deg", 0, 0.01, 0.0, 1.0),
        ("at 60 deg", 60, 0.01, 0.0, 3.8835),
        ("at 90 deg", 90, 0.01, 0.0, 100.0),
        ("that wander", 90, 0.0, wander, 2.0 * D / (wander * C)),
    )
    rows = []
    for label, degrees, epsilon, D_FL, ratio in cases:
        lines = FieldLines(helix(np.radians(degrees)), epsilon, D_FL)
        slab = Slab(H, lambda z: free_path + 0.0 * z, lines=lines)
        result = follow(slab.medium(), cells(np.array([0.0, H])), int(20_000 * scale), 43)
        time = mean_escape_time(result)[0] * 2.0 * D / H**2
        rows.append(check(f"lines {label}: escape time", time / ratio, 1.0, 0.02))
    return rows


def isotropic_limit(scale: float) -> Rows:
    """D across as large as along lines that bend: those of an isotropic D, <t> = H^2/(2 D)."""
    H, free_path, R_d = 4.0, 0.01, 3.0

    def field(R: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        narrow = 1.0 / (1.0 + (z / 2.0) ** 2)
        B_z = narrow**2 * np.exp(-R * narrow / 3.0)
        return 0.5 * z * R * narrow * B_z, 0.5 * B_z * R, B_z

    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: free_path * C / 3.0 + 0.0 * p * R * z,
        surface=lambda R, z: z - H + 0.0 * R,
        R_axis=axis((20.0, 0.25)),
        z_axis=axis((H, 0.125), (4.0 * H, 2.0)),
        r_max_kpc=1e4,
        lines=FieldLines(field, 1.0),
    )
    transport = Transport(int(16_000 * scale), 45, R_d_kpc=R_d)
    result = run(medium, cells(np.array([0.0, H])), transport, threads=THREADS)
    time = mean_escape_time(result)[0] * 2.0 * free_path * C / 3.0 / H**2
    return [check("epsilon = 1 on lines that bend: escape time", time, 1.0, 0.02)]


def oblique_wall(scale: float) -> Rows:
    """Lines that meet a Bell wall at an angle: n_out = phi/u_n, and as many protons in front of the wall.

    Where the plasma hardly recedes the wall is met ~c/(4 u) times, and the densities on both sides are those
    of a wall at rest, equal.
    """
    cases = (
        (0, 0.0, 1.0, 3e-3),
        (60, 0.0, 0.02, 3e-3),
        (60, 0.01, 0.02, 3e-3),
        (80, 0.0, 0.02, 3e-3),
        (80, 0.01, 1.0, 3e-3),
        (80, 0.0, 1.0, 3e-4),
    )
    return [each for case in cases for each in _oblique(*case, int(PARTICLES * scale))]


def _oblique(degrees: float, epsilon: float, free_path: float, u_over_c: float, particles: int) -> Rows:
    H, u = 2.0, u_over_c * C
    wall = Slab(
        H,
        lambda z: free_path + 0.0 * z,
        Wall.TWO_WAY,
        mean_free_path_behind_kpc=0.3 * u_over_c,
        speed_behind_kpc_Myr=u,
        lines=FieldLines(helix(np.radians(degrees)), epsilon),
    )
    # Within 0.1 kpc, D/u, of the outer sphere fewer are left; it is far above the disc of R < 10 kpc.
    grid = cells(np.array([0.0, H]), np.array([0.0, H, 1.5 * H, 2.0 * H]))
    result = follow(wall.medium(r_max_kpc=20.0), grid, particles, 44)
    label = f"oblique wall at {degrees} deg, epsilon {epsilon:g}, lambda {free_path:g} kpc, u {u_over_c:g} c"
    cos2 = np.cos(np.radians(degrees)) ** 2
    D = free_path * C / 3.0 * (cos2 + epsilon * (1.0 - cos2))
    out = profile(result, "bell")[:, 1:].mean(axis=1) * u
    mean = profile(result)[:, 0] / (0.5 * H / D + 1.0 / u)
    return [
        check(f"{label}: n_out over phi/u", out, 1.0, 0.02),
        check(f"{label}: mean n in front over known", mean, 1.0, 0.02),
    ]


def leaning_walls(scale: float) -> Rows:
    """A round halo whose lines open and lean on its surface, D across as large as along: a uniform density.

    D varies by e over 2.5 kpc, also along the surface, and lambda is a good part of that. The surface is
    closed, or a wall that hardly takes anyone away, where encounters are counted or each of them is flown.
    """
    cases: tuple[tuple[str, Wall, float | str, int], ...] = (
        ("closed", Wall.CLOSED, "auto", 120),
        ("a wall at rest", Wall.TWO_WAY, "auto", 120),
        ("a wall at rest, flown through", Wall.TWO_WAY, 1, 60),
    )
    return [
        each
        for label, wall, acceleration, particles in cases
        for each in _uniform(label, wall, acceleration, int(particles * scale))
    ]


_RADIUS_KPC = 8.0
# What of (R, |z|) is looked at [kpc].
_ZONES = {"inside": ((0.0, 4.0), (0.0, 4.0)), "at the side": ((6.0, 8.0), (0.0, 6.0))}


def _uniform(label: str, wall: Wall, acceleration: float | str, particles: int) -> Rows:
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: 0.7 * C / 3.0 * np.exp((R - z) / 2.5) + 0.0 * p,
        diffusion_bell=lambda p, R, z: 1e-4 * C / 3.0 + 0.0 * p * R * z,
        outflow=lambda R, z: (1e-5 * C * R / _RADIUS_KPC, 1e-5 * C * z / _RADIUS_KPC),
        surface=lambda R, z: np.hypot(R, z) - _RADIUS_KPC,
        R_axis=axis((10.0, 0.25)),
        z_axis=axis((10.0, 0.25)),
        r_max_kpc=1e3,
        wall=wall,
        lines=FieldLines(_opening, 1.0),
    )
    edges = np.array([0.0, 4.0, 6.0, 8.0])
    grid = TallyGrid(np.array([1e4, 2e4]), edges, edges, edges[:2], edges[:2])
    transport = Transport(particles, 46, acceleration=acceleration, t_max_Myr=60.0, R_d_kpc=4.0)
    spent = run(medium, grid, transport, threads=THREADS).per_particle("halo").sum(axis=2)[:, 0]
    share = spent / spent.sum(axis=(1, 2), keepdims=True)
    rows = []
    for zone, (R_kpc, z_kpc) in _ZONES.items():
        i, j = (slice(*np.searchsorted(edges, ends)) for ends in (R_kpc, z_kpc))
        volume = _share_of_ball(R_kpc, z_kpc)
        found = share[:, i, j].sum(axis=(1, 2)) / volume
        rows.append(check(f"leaning lines, {label}: density {zone}", found, 1.0, 0.02))
    return rows


def _opening(R: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Lines R = R_0 [1 + (z/4 kpc)^2], along which B falls."""
    narrow = 1.0 / (1.0 + (z / 4.0) ** 2)
    B_z = narrow**2 * np.exp(-R * narrow / 6.0)
    return z * R / 8.0 * narrow * B_z, B_z * R / 8.0, B_z


def _share_of_ball(R_kpc: tuple[float, float], z_kpc: tuple[float, float]) -> float:
    """Volume between radii and heights inside the ball, over that of its upper half."""
    z = np.linspace(*z_kpc, 20_001)
    outer, inner = (np.minimum(R**2, np.maximum(_RADIUS_KPC**2 - z**2, 0.0)) for R in R_kpc[::-1])
    return float(np.trapezoid(outer - inner, z) / (2.0 / 3.0 * _RADIUS_KPC**3))
