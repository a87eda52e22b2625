"""Known answers of the orbits: gyration, drifts, mirrors, turbulence, and how particles diffuse in it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ...fields.turbulence.scattering import KOLMOGOROV_D, KOLMOGOROV_WAVELENGTHS
from ...fields.turbulence.statistics import measure
from ...fields.turbulence.synthetic import (
    GEOMETRIES,
    Turbulence,
    correlation_length_kpc,
    kolmogorov,
    plane_waves,
    scale_invariant,
    stratified,
)
from ...fields.units import LARMOR_KPC, FloatArray
from ...fields.vectors import Horizontal, Uniform, XShaped, divergence, sample, vector_field
from ...mc.kernels.orbit import orbit_step_kpc
from ...mc.orbits.diffusion_test import DiffusionTest
from ...mc.orbits.escape import Slab
from ...mc.orbits.measure import running_diffusion
from ...mc.orbits.tracks import tracks
from .tools import THREADS, Rows, row


class Gradient(NamedTuple):
    """Along z, B (1 + y/scale)."""

    B_uG: float
    scale_kpc: float


@vector_field(Gradient)
def _gradient(field, x, y, z):
    return 0.0, 0.0, field.B_uG * (1.0 + y / field.scale_kpc)


class Mirror(NamedTuple):
    """B_z = B (1 + z^2/scale^2), and what makes it free of divergence."""

    B_uG: float
    scale_kpc: float


@vector_field(Mirror)
def _mirror(field, x, y, z):
    pinch = -field.B_uG * z / field.scale_kpc**2
    return pinch * x, pinch * y, field.B_uG * (1.0 + (z / field.scale_kpc) ** 2)


def orbit(
    field: Any,
    path_kpc: FloatArray,
    place: tuple[float, float, float] = (0.0, 0.0, 0.0),
    direction: tuple[float, float, float] = (1.0, 0.0, 0.0),
    step_kpc: float = 2.0 * math.pi / 64,
) -> FloatArray:
    """Places and directions, (1 + paths, 6), of one particle with r_L = 1 kpc in 1 uG."""
    starts = (np.array([place]), np.array([direction]))
    return tracks([field], 1.0, step_kpc, path_kpc, 1, 0.0, 1, starts=starts)[0, 0]


def gyration(scale: float) -> Rows:
    """A uniform field: radius, period and energy."""
    turns = int(1e6 * scale)
    out = orbit(Uniform(0.0, 0.0, 1.0), 2.0 * math.pi * np.array([0.5, 100.0, turns]))
    phase = math.atan2(-out[2, 4], out[2, 3]) / (2.0 * math.pi * 100.0)
    diameter, gain = (float(np.linalg.norm(d)) for d in (out[1, :3] - out[0, :3], out[3, 3:]))
    return [
        row("gyration: diameter over 2 r_L", diameter / 2.0, 1.0, 0.0, 1e-3),
        row("gyration: error of the period, relative", phase, 0.0, 0.0, 1e-8),
        row(f"gyration: dp/p over {turns:.0e} turns", gain - 1.0, 0.0, 0.0, 3e-12),
    ]


def drifts(scale: float) -> Rows:
    """A weak gradient: drift v r_L/(2 L) along B x grad B; a mirror: the turning point and the moment."""
    length = 100.0
    path = 2.0 * math.pi * 200
    out = orbit(Gradient(1.0, length), np.array([path]), (0.0, 1.0, 0.0))
    drift = (out[0, 0] - out[1, 0]) / path * 2.0 * length
    pitch, length = 0.5, 200.0
    across = math.sqrt(1.0 - pitch**2)
    mirror = Mirror(1.0, length)
    out = orbit(mirror, np.arange(1.0, 2000.0), (0.0, across, 0.0), (across, 0.0, pitch))
    B = sample(mirror, np.ascontiguousarray(out[:, :3]))
    strength = np.linalg.norm(B, axis=1)
    moment = (1.0 - ((B * out[:, 3:]).sum(axis=1) / strength) ** 2) / strength
    turning = out[:, 2].max() / (length * pitch / across)
    worst = np.abs(moment / moment[0] - 1.0).max()
    return [
        row("gradient drift over v r_L/(2 L)", drift, 1.0, 0.0, 0.02),
        row("mirror: turning point over known", turning, 1.0, 0.0, 0.01),
        row("mirror: change of the magnetic moment, largest", worst, 0.0, 0.0, 0.02),
    ]


def divergences(scale: float) -> Rows:
    """Every field has no divergence, beyond what differences of eighth order leave."""
    x_shaped = XShaped(1.5, 5.0, 3.0, 2.0, 1.0, 2.0)
    places = np.random.default_rng(1).uniform(0.5, 8.0, (200, 3))
    rows = [
        row(f"div B: {name} [B/kpc]", np.abs(divergence(field, places, 0.02)).max(), 0.0, 0.0, 1e-12)
        for name, field in (("horizontal", Horizontal(3.0, 2.0)), ("X-shaped", x_shaped))
    ]
    shortest, rms = 0.01, 3.0
    for geometry in GEOMETRIES:
        waves = plane_waves(kolmogorov, (shortest, 1.0), 64, rms, 1, geometry)
        for name, field in ((geometry, waves), (f"{geometry}, stratified", stratified(waves, 2.0))):
            worst = np.abs(divergence(field, places, 2e-4)).max() / (rms * 2.0 * math.pi / shortest)
            rows.append(row(f"div B: waves, {name} [k_max B]", worst, 0.0, 0.0, 1e-8))
    return rows


def realisations(scale: float) -> Rows:
    """Realisations of turbulence are as asked for: field, correlation length and spectrum, along lines."""
    turbulence = Turbulence(kolmogorov, (0.01, 1.0), 200, 3.0)
    found = measure(turbulence, [turbulence.realisation(seed).second for seed in range(int(100 * scale))], 5)
    # Bins about the longest wave blur into one another, and the last one ends with the waves.
    power = (found.power / found.expected_power)[:, 4:-1].mean(axis=1)
    return [
        _mean("turbulence: rms over asked for", found.rms, 0.02),
        _mean("turbulence: 3 <B_z^2> over <B^2>", found.squares[:, 2] / found.rms**2, 0.05),
        _mean("turbulence: one-sided l_c over (pi/2) <1/k>", found.correlation_length, 0.1),
        _mean("turbulence: power along lines over that of F", power, 0.03),
    ]


def _mean(name: str, values: FloatArray, tolerance: float) -> dict[str, Any]:
    error = float(np.std(values, ddof=1) / math.sqrt(len(values)))
    return row(name, float(np.mean(values)), 1.0, error, tolerance)


def _diffusion_row(
    name: str, fields: list[Any], r_L: float, step_kpc: float, known: float, tolerance: float, along: bool
) -> dict[str, Any]:
    """D over a known one, from displacements over up to 10 of its mean free paths; the field is 1 uG."""
    spacing = max(1, round(0.25 * 3.0 * known / step_kpc)) * step_kpc
    path = spacing * np.arange(1, 81)
    out = tracks(fields, r_L, step_kpc, path, 8, 200.0, 1, threads=THREADS)
    found = running_diffusion(out, spacing, 40, (2,) if along else (0, 1, 2))
    return row(name, found.plateau / known, 1.0, found.plateau_error / known, tolerance)


def isotropic_turbulence(scale: float) -> Rows:
    """Isotropic turbulence without a mean field: the published D, and 2 r_L^2/l_c for straight tracks."""
    l_c = correlation_length_kpc(kolmogorov, KOLMOGOROV_WAVELENGTHS)
    rows = []
    for over, D in KOLMOGOROV_D.items():
        fields = [
            plane_waves(kolmogorov, KOLMOGOROV_WAVELENGTHS, 500, 1.0, s) for s in range(int(80 * scale))
        ]
        name = f"isotropic turbulence: D over published, r_L/l_c {over:g}"
        r_L = over * l_c
        rows.append(_diffusion_row(name, fields, r_L, orbit_step_kpc(r_L, l_c), D, 0.2, False))
    wavelengths = (0.1, 1.0)
    l_c = correlation_length_kpc(kolmogorov, wavelengths)
    fields = [plane_waves(kolmogorov, wavelengths, 400, 1.0, s) for s in range(int(40 * scale))]
    r_L = 10.0 * l_c
    D = 2.0 * r_L**2 / l_c / 3.0
    name = "isotropic turbulence: lambda over 2 r_L^2/l_c, r_L/l_c 10"
    return [*rows, _diffusion_row(name, fields, r_L, orbit_step_kpc(r_L, l_c), D, 0.15, False)]


def slab_turbulence(scale: float) -> Rows:
    """A slab with flat F, (dB/B0)^2 = 0.01: quasi-linear theory gives lambda = (2/pi) r_L/F."""
    shortest, longest = 0.1, 100.0
    D = 2.0 / (3.0 * math.pi) * math.log(longest / shortest) / 0.01
    turbulence = Turbulence(scale_invariant, (shortest, longest), 256, 0.1, 1.0, "slab")
    fields = [turbulence.realisation(seed).second for seed in range(int(160 * scale))]
    return [_diffusion_row("slab turbulence: D over quasi-linear", fields, 1.0, 0.1, D, 0.15, True)]


def escape_by_tracks(scale: float) -> Rows:
    """Escape from a slab of turbulence: orbits against the hybrid engine with the D measured on tracks."""
    turbulence = Turbulence(kolmogorov, KOLMOGOROV_WAVELENGTHS, 300, 1.0)
    l_c = turbulence.correlation_length_kpc
    H = 25.0 * l_c
    slab = Slab(H, 1.0, 1e3)
    rows = []
    for over, tolerance in ((0.4, 0.03), (5.0, 0.1)):
        case = DiffusionTest(turbulence, over * l_c / LARMOR_KPC, slab, int(6400 * scale), 2, THREADS)
        (tracked, error), (hybrid, hybrid_error) = case.by_orbits.time_Myr, case.by_hybrid.time_Myr
        share = case.diffusive.slope * case.D_kpc2_Myr[1] / case.D_kpc2_Myr[0]
        relative = float(np.linalg.norm([error / tracked, hybrid_error / hybrid, share]))
        name = f"slab of turbulence, lambda {case.mean_free_path_kpc / H:.2g} H: escape time"
        ratio = tracked / hybrid
        rows.append(row(f"{name}, tracks over hybrid", ratio, 1.0, relative * ratio, tolerance))
    # Three quarters, within a tenth: far from diffusion.
    rows.append(row(f"{name}, tracks over diffusion's", case.time_ratio[0], 0.75, case.time_ratio[1], 0.1))
    return rows
