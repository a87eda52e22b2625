"""Known answers of the transport of particles: slabs, walls, moving media, energies."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.integrate import cumulative_trapezoid, quad
from scipy.special import erfc

from ...fields.galaxy import Galaxy
from ...fields.medium import Medium
from ...fields.medium_table import Wall, axis
from ...fields.units import C_KPC_MYR, KPC_CM, M_P_G, MYR_S
from ...fields.waves.flow import wave_divergence_Myr, wave_velocity_kpc_Myr
from ...mc.blocks import Transport
from ...mc.diffusion.finite_volumes import Cells
from ...mc.diffusion.solve import solve
from ...mc.engine import run
from ...mc.kernels.albedo import MILNE_EXTRAPOLATION, chandrasekhar_h
from ...mc.spectrum import Spectrum
from ...mc.tally import (
    AGES_MYR,
    MEAN_BINS_LOST,
    TIME_EDGES_MYR,
    Region,
    TallyGrid,
    energy_groups,
    galactic_grid,
)
from ...mc.uncertainty import value_and_error
from .tools import Rows, Slab, cells, check, follow, mean_escape_time, profile, row
from .whole_runs import EARLY

C = C_KPC_MYR


def well_mixed(scale: float) -> Rows:
    """A closed box, lambda from 0.002 to 2 scale heights, keeps a uniform density."""
    H, lambda_0 = 7.0, 0.002
    box = Slab(H, lambda z: lambda_0 * np.exp(z), Wall.CLOSED)
    edges = np.array([0.0, 1.75, 3.5, 5.25, 7.0])
    t_max = 60.0 * H / (lambda_0 * C / 3.0)
    result = follow(box.medium(), cells(edges), int(192 * scale), 11, t_max_Myr=t_max)
    uniform = profile(result) * H / t_max
    # They start at z = 0, which leaves an excess of known shape, int (1 - z/H)/D dz over the history.
    z = (np.arange(7000) + 0.5) / 7000 * H
    D = lambda_0 * C / 3.0 * np.exp(z)
    excess = np.cumsum(((1.0 - z / H) / D)[::-1])[::-1] * (H / 7000)
    excess = (excess - excess.mean()).reshape(4, -1).mean(axis=1) * H / t_max
    return [
        check(
            f"well-mixed: density at lambda/z_B ~ {lambda_0 * np.exp(m):.2g}",
            uniform[:, i],
            1 + excess[i],
            0.02,
        )
        for i, m in enumerate(0.5 * (edges[1:] + edges[:-1]))
    ]


def slab_escape(scale: float) -> Rows:
    """Mean, variance and tail of the escape time from a thick slab, and the mean where D rises."""
    H, free_path = 1.0, 1e-3
    D = free_path * C / 3.0
    slab = Slab(H, lambda z: free_path + 0.0 * z)
    result = follow(slab.medium(), cells(np.array([0.0, 1.0])), int(200_000 * scale), 12)
    mean, variance = mean_escape_time(result)
    # An absorbing surface sits 0.71 lambda further out than it looks (Milne).
    thicker = H + MILNE_EXTRAPOLATION * free_path
    exact = thicker**2 - (thicker - H) ** 2
    rows = [
        check("slab: mean escape time over H^2/2D", mean * 2 * D / H**2, exact, 0.005),
        check("slab: variance of it over H^4/6D^2", variance * 6 * D**2 / H**4, thicker**4 / H**4, 0.03),
    ]
    late = int(np.argmin(np.abs(TIME_EDGES_MYR - H**2 / D)))
    histogram = result.per_particle("escape_time_histogram").mean(axis=1)
    after = histogram[:, late + 1 :].sum(axis=1)
    x = np.pi**2 * D * TIME_EDGES_MYR[late] / (4 * thicker**2)
    tail = 4 / np.pi * (np.exp(-x) - np.exp(-9 * x) / 3)
    rows.append(check("slab: tail after H^2/D over (4/pi) exp(-pi^2 Dt/4H^2)", after / tail, 1.0, 0.02))

    height = 2.0
    rising = Slab(height, lambda z: free_path * np.exp(z))
    result = follow(rising.medium(), cells(np.array([0.0, height])), int(100_000 * scale), 13)
    mean, _ = mean_escape_time(result)
    expected = 1.0 - (1.0 + height) * np.exp(-height)
    # The Milne length adds flux-independent density 0.71 lambda(H)/D(H) = 3 q/c over the height.
    milne = MILNE_EXTRAPOLATION * 3.0 / C * height * D
    rows.append(check("rising D: mean escape time over z0^2/D0", mean * D, expected + milne, 0.006))
    return rows


def milne(scale: float) -> Rows:
    """Kinetic slab with a free surface: extrapolation length and the density at the surface."""
    H, free_path = 10.0, 0.5
    D = free_path * C / 3.0
    edges = np.round(np.append(np.arange(0.0, 9.9, 0.5), [9.95, 10.0]), 2)
    slab = Slab(H, lambda z: free_path + 0.0 * z)
    result = follow(slab.medium(), cells(edges), int(200_000 * scale), 14, method="flight")
    n = profile(result)
    centres = 0.5 * (edges[1:] + edges[:-1])
    # Two to six lambda inside, where the Hopf function is constant: n = (phi/D)(H - z + q lambda).
    inside = (centres > H - 6 * free_path) & (centres < H - 2 * free_path)
    extrapolation = ((n * D - (H - centres)) / free_path)[:, inside].mean(axis=1)
    return [
        check("Milne: extrapolation length over lambda", extrapolation, MILNE_EXTRAPOLATION, 0.02),
        check(
            "Milne: density in the last lambda/10 over 3 phi/c", n[:, -1] * C / 3.0, surface_layer(0.1), 0.01
        ),
    ]


def surface_layer(depth: float) -> float:
    """Mean of tau + q(tau) over 0 < tau < depth, q the Hopf function of the Milne problem.

    n = (3 phi/c)(tau + q), q(0) = 1/sqrt(3); q by its closed form (Chandrasekhar 1960, ch. III).
    """
    x, w = np.polynomial.legendre.leggauss(400)
    mu, w = 0.5 * (x + 1.0), 0.5 * w
    Z = (1.0 - mu * np.arctanh(mu)) ** 2 + (0.5 * np.pi * mu) ** 2
    decay = -np.expm1(-depth / mu) * mu / depth
    below = (w * decay / (chandrasekhar_h(mu) * Z)).sum() / (2.0 * np.sqrt(3.0))
    return 0.5 * depth + MILNE_EXTRAPOLATION - float(below)


def _rising(lambda_0: float, z: np.ndarray) -> np.ndarray:
    """Mean free path with a scale height of 1 kpc."""
    return lambda_0 * np.exp(z)


def _slab_and_wall(free_path: float, u_over_c: float, acceleration: float, particles: float) -> Rows:
    """Slab with D rising towards a Bell wall: n_gal/phi = int dz/D + 1/u and n_out = phi/u."""
    z_t, u = 2.0, u_over_c * C
    lambda_0 = free_path * np.exp(-z_t)
    wall = Slab(
        z_t,
        partial(_rising, lambda_0),
        Wall.TWO_WAY,
        mean_free_path_behind_kpc=min(1e-3 * free_path, 1e-5),
        speed_behind_kpc_Myr=u,
    )
    grid = cells(np.array([0.0, 0.5, 1.0, 2.0]), np.array([0.0, 2.0, 4.0, 6.0]))
    result = follow(wall.medium(), grid, int(particles), 15, acceleration=acceleration)
    D_0 = lambda_0 * C / 3.0
    near_plane = (1.0 - np.exp(-0.5)) / 0.5
    expected = (near_plane - np.exp(-z_t)) / D_0 + 1.0 / u
    label = f"Bell wall: lambda {free_path:g} z_B, u/c {u_over_c:g}"
    out = profile(result, "bell")[:, 1:].mean(axis=1) * u
    return [
        check(f"{label}: n_gal over known", profile(result)[:, 0] / expected, 1.0, 0.02),
        check(f"{label}: n_out over phi/u", out, 1.0, 0.02),
    ]


def bell_wall(scale: float) -> Rows:
    """Slab with D rising towards a Bell wall, every encounter followed and represented."""
    followed = ((1e-4, 14_000), (1e-2, 14_000), (1.0, 24_000), (10.0, 24_000))
    # Few encounters remain at lambda = 1e-4: without multiplicity it is no dearer there.
    represented = ((1e-4, 1.000001, 8_000), (1e-2, 20.0, 28_000), (1.0, 20.0, 8_000), (10.0, 20.0, 8_000))
    rows: Rows = []
    for free_path, particles in followed:
        rows += _slab_and_wall(free_path, 3e-3, 1.0, particles * scale)
    for free_path, acceleration, particles in represented:
        rows += _slab_and_wall(free_path, 3e-5, acceleration, particles * scale)
    return rows


def represented_wall(scale: float) -> Rows:
    """Slab before a Bell wall whose encounters are represented."""
    return _slab_and_wall(1.0, 3e-4, 20.0, 6000 * scale)


def wall_loss(scale: float) -> Rows:
    """Energy lost to the receding wall: <ln p/p0> = -1/3, n_out = (3/4) phi/u at fixed energy."""
    rows = []
    u = 3e-3 * C
    for label, acceleration in (("every encounter", 1), ("boundary layer", 1.000001)):
        wall = Slab(
            1.0, lambda z: 1.0 + 0.0 * z, Wall.TWO_WAY, mean_free_path_behind_kpc=1e-4, speed_behind_kpc_Myr=u
        )
        edges = energy_groups(1e2, 1e5)
        grid = cells(np.array([0.0, 1.0]), np.array([0.0, 1.0, 2.0, 3.0]), edges)
        spectrum = Spectrum(slope=2.0, E_max_GeV=1e12)
        result = follow(
            wall.medium(), grid, int(10_000 * scale), 16, acceleration=acceleration, spectrum=spectrum
        )
        # Mean fall in bins of 1/8 decade, energies spread evenly in bins, of what stays in the range.
        behind = result.per_particle("bell")[:, 16:, :-1, 0, 2].sum(axis=1)
        bins_lost = behind @ MEAN_BINS_LOST[:-1] / behind.sum(axis=1)
        rows.append(check(f"wall loss ({label}): <ln p/p0>", -bins_lost * np.log(10) / 8, -1 / 3, 0.02))
        # Not the last decade, into which nothing falls from above.
        protons = result.by_current_energy("bell")[:, :16, 0, 2]
        rates = spectrum.group_rates_s(result.grid.current_edges_GeV)[:16] * MYR_S
        # All energies alike: a sum over a spectrum would be that of its few lowest groups.
        over_flux = (protons / rates).mean(axis=1) * u
        rows.append(check(f"wall loss ({label}): n_out u/phi at fixed energy", over_flux, 0.75, 0.02))
    return rows


def moving_halo_wall(scale: float) -> Rows:
    """A halo that flows towards a Bell wall and slows down: densities by injected and by current energy.

    The known profile is that of u n - D dn/dz = phi with n = phi/u behind the wall; at fixed energy it is
    that of the transport equation.
    """
    H, D, u_0, u_out, z_u = 2.0, 0.006 * C, 6e-3 * C, 1e-2 * C, 1.5

    def speed(R: Any, z: Any) -> Any:
        return u_0 * np.exp(-np.abs(z) / z_u) + 0.0 * R

    medium = Medium.tabulate(
        diffusion_halo=partial(_everywhere, D),
        diffusion_bell=partial(_everywhere, 1e-3 * C / 3.0),
        surface=lambda R, z: z - H + 0.0 * R,
        halo_flow=lambda R, z: wave_velocity_kpc_Myr(R, z, speed, np.inf),
        halo_divergence=lambda R, z: wave_divergence_Myr(R, z, speed, np.inf),
        outflow=lambda R, z: (0.0 * R * z, u_out + 0.0 * R * z),
        R_axis=axis((10.0, 5.0)),
        z_axis=axis((0.2, 0.0125), (H, 0.05), (8.0, 1.0)),
        r_max_kpc=60.0,
        wall=Wall.TWO_WAY,
        disc_scale_kpc=0.1,
    )
    edges, spectrum = np.array([0.0, 0.5, 1.0, H]), Spectrum(slope=2.0, E_max_GeV=1e12)
    energies = energy_groups(1e2, 1e5)
    grid = cells(edges, np.array([H, 3.0, 4.0, 5.0]), energies)
    result = follow(medium, grid, int(12_000 * scale), 27, acceleration=1.000001, spectrum=spectrum)
    # Downwards from the wall: D n' = u n - 1.
    z = np.linspace(H, 0.0, 4001)
    swept = cumulative_trapezoid(speed(0.0, z) / D, z, initial=0.0)
    known = np.exp(swept) * (1.0 / u_out - cumulative_trapezoid(np.exp(-swept) / D, z, initial=0.0))
    rows = []
    # No thinner layers near the wall: reflected steps are counted on the straight way between their ends.
    for i in (1, 2):
        here = known[(z >= edges[i]) & (z <= edges[i + 1])].mean()
        name = f"halo that flows to a Bell wall: n over known, |z| = {edges[i]:g}-{edges[i + 1]:g} kpc"
        rows.append(check(name, profile(result)[:, i] / here, 1.0, 0.03))
    behind = profile(result, "bell")[:, 1:].mean(axis=1) * u_out
    rows.append(check("halo that flows to a Bell wall: n_out over phi/u", behind, 1.0, 0.02))
    fine = np.append(np.linspace(0.0, H, 81), np.linspace(H, 6.0, 41)[1:])
    solved = Cells(medium, np.array([0.0, 1.0]), fine)
    protons = solve(solved, grid.current_edges_GeV, spectrum, 1.0).protons_kpc3 * np.pi
    for name, side, i, at in (("|z| = 0.75 kpc", "halo", 1, 30), ("behind", "bell", 2, 100)):
        counted = result.by_current_energy(side)[:, 2:18, 0, i] / np.diff(result.grid.cells[side].z_kpc)[i]
        ratio = (counted / (2.0 * protons[2:18, at])).mean(axis=1)
        rows.append(check(f"halo that flows to a Bell wall: fixed energy, {name}", ratio, 1.0, 0.03))
    return rows


def moving_medium(scale: float) -> Rows:
    """Scattering in a moving medium drifts with it: n = phi/u also where every collision is flown."""
    u = 0.02 * C
    wall = Slab(
        0.05, lambda z: 1.0 + 0.0 * z, Wall.ONE_WAY, mean_free_path_behind_kpc=1.0, speed_behind_kpc_Myr=u
    )
    grid = cells(np.array([0.0, 0.05]), np.array([0.0, 20.0, 60.0, 100.0]))
    result = follow(
        wall.medium(r_max_kpc=400.0), grid, int(1500 * scale), 17, method="flight", acceleration=1
    )
    return [
        check(
            "moving medium: n u/phi, 20 to 100 lambda behind",
            profile(result, "bell")[:, 1:].mean(axis=1) * u,
            1.0,
            0.04,
        )
    ]


def half_space(scale: float) -> Rows:
    """PRL Eq. 10: steady injection into a half-space of constant D."""
    free_path, H = 0.05, 60.0
    D = free_path * C / 3.0
    t = 25.0 / D
    slab = Slab(H, lambda z: free_path + 0.0 * z, Wall.CLOSED, gas_scale_kpc=1.0)
    edges = np.array([0.0, 1.0, 10.0])
    result = follow(slab.medium(), cells(edges), int(30_000 * scale), 18, t_max_Myr=t)

    def density(z: float) -> float:
        spread = np.sqrt(4 * D * t)
        return float(2 * np.sqrt(t / (np.pi * D)) * np.exp(-((z / spread) ** 2)) - z / D * erfc(z / spread))

    expected = quad(density, 0.0, 1.0)[0]
    return [check("PRL Eq. 10: n over 2 phi sqrt(t/(pi D))", profile(result)[:, 0] / expected, 1.0, 0.02)]


def thin_disc(scale: float) -> Rows:
    """Grammage of a thin gas disc, X = m_p n c h H/D (h the scale height, h << H)."""
    H, free_path, h = 4.0, 0.002, 0.1
    D = free_path * C / 3.0
    slab = Slab(H, lambda z: free_path + 0.0 * z, gas_cm3=lambda z: np.exp(-z / h), gas_scale_kpc=h)
    result = follow(slab.medium(), cells(np.array([0.0, 4.0])), int(20_000 * scale), 19)
    X = result.per_particle("grammage")[:, :, 0].mean(axis=1)
    column = h * (H + MILNE_EXTRAPOLATION * free_path - h) / D
    return [check("thin disc: grammage over m n c h H/D", X / (M_P_G * KPC_CM * C * column), 1.0, 0.03)]


def _everywhere(D: float, p: np.ndarray, R: np.ndarray, z: np.ndarray) -> np.ndarray:
    return D + 0.0 * p * R * z


def _radial(u: float, R: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flow u (1 kpc/r) away from the centre."""
    r2 = np.maximum(R**2 + z**2, 0.01)
    return u * R / r2, u * z / r2


def _radial_divergence(u: float, R: np.ndarray, z: np.ndarray) -> np.ndarray:
    return u / np.maximum(R**2 + z**2, 0.01)


def adiabatic(scale: float) -> Rows:
    """u = u0 r0/r: momentum falls as r^(-1/3), by diffusive steps and by flights."""
    rows = []
    for method, free_path, u_over_c in (("hybrid", 1e-4, 0.01), ("flight", 0.005, 0.1)):
        u, D = u_over_c * C, free_path * C / 3.0
        medium = Medium.tabulate(
            diffusion_halo=lambda p, R, z: 0.1 * C + 0.0 * p * R * z,
            diffusion_bell=partial(_everywhere, D),
            surface=lambda R, z: np.hypot(R, z) - 1.0,
            outflow=partial(_radial, u),
            divergence=partial(_radial_divergence, u),
            R_axis=axis((2.0, 0.05), (12.0, 0.1)),
            z_axis=axis((2.0, 0.05), (12.0, 0.1)),
            r_max_kpc=10.0,
            wall=Wall.ONE_WAY,
        )
        edges = np.arange(0.0, 10.1, 0.5)
        grid = TallyGrid(energy_groups(1e4, 1e6), edges[[0, 1]], edges[[0, 1]], edges, edges)
        number, how = (3000, "auto") if method == "hybrid" else (2400, 1)
        result = follow(medium, grid, int(number * scale), 20, method=method, acceleration=how)
        tally = result.per_particle("bell")[:, 16:].sum(axis=1)
        ln_p_lost = np.tensordot(tally, MEAN_BINS_LOST, axes=(1, 0)) * np.log(10) / 8
        centres = 0.5 * (edges[1:] + edges[:-1])
        r = np.hypot(centres[:, None], centres)
        shell = (r > 1.5) & (r < 9.0)
        slope = np.array(
            [
                _slope(np.log(r[shell]), -f[shell], t[shell])
                for f, t in zip(ln_p_lost, tally.sum(axis=1), strict=True)
            ]
        )
        rows.append(check(f"adiabatic ({method}): d ln p/d ln r in u ~ 1/r", slope, -1.0 / 3.0, 0.02))
    return rows


def _slope(x: np.ndarray, weighted_y: np.ndarray, weight: np.ndarray) -> float:
    """Slope of a weighted straight-line fit of y(x), given weight * y."""
    mean_x, mean_y = (weight * x).sum() / weight.sum(), weighted_y.sum() / weight.sum()
    return float(((x - mean_x) * (weighted_y - weight * mean_y)).sum() / (weight * (x - mean_x) ** 2).sum())


def acceleration(scale: float) -> Rows:
    """The galaxy at delta_G = 1: represented encounters with the wall against every encounter followed."""
    galaxy = Galaxy(delta_G=1.0)
    medium = galaxy.medium()
    grid = galactic_grid(energy_groups(1e3, 3e3), galaxy)
    found = []
    for number, how in ((int(3000 * scale), "auto"), (int(2000 * scale), 1)):
        result = run(medium, grid, Transport(number, 21, acceleration=how), threads=2)
        disc = result.per_particle("region")[..., Region.DISC].sum(axis=2).mean(axis=1)
        behind = result.per_particle("bell").sum(axis=(2, 3, 4)).mean(axis=1)
        early = result.per_particle("filling")[..., : EARLY + 1, :-1].sum(axis=(2, 3, 4)).mean(axis=1)
        found.append(tuple(value_and_error(each) for each in (behind, disc, early)))
    rows = []
    places = ("behind the wall", "in the disc", f"behind the wall in the first {AGES_MYR[EARLY]:g} Myr")
    for place, name in enumerate(places):
        (fast, fast_error), (slow, slow_error) = (each[place] for each in found)
        ratio = fast / slow
        error = ratio * np.hypot(fast_error / fast, slow_error / slow)
        rows.append(row(f"acceleration over brute force, 1-3 TeV: residence {name}", ratio, 1.0, error, 0.1))
    return rows
