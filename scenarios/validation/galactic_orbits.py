"""Known answers of orbits through a galaxy: its field and waves, mirrors, moving plasma; escape."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ...fields.galaxy import Galaxy
from ...fields.medium import Medium
from ...fields.medium_table import Wall, axis
from ...fields.turbulence.of_galaxy import galactic_turbulence
from ...fields.turbulence.statistics import measure
from ...fields.units import C_KPC_MYR, LARMOR_KPC, FloatArray, momentum_GeV
from ...fields.vectors import Uniform, divergence, sample
from ...mc.blocks import Transport
from ...mc.engine import run
from ...mc.orbits import escape
from ...mc.orbits.diffusion_test import DiffusionTest
from ...mc.orbits.tracks import tracks
from ...mc.uncertainty import value_and_error
from .tools import THREADS, Rows, cells, check, mean_escape_time, row

_E_GEV = 1.2e6
# F of the waves, so that lambda is below 0.05 z_B up to the edge.
_F = 0.03
_H_KPC, _Z_B_KPC = 1.0, 2.0


def _diffusion(p_GeV: Any, R_kpc: Any, z_kpc: Any) -> FloatArray:
    """r_L v/(3 F) of the tube, about its axis."""
    B = 3.0 * np.exp(-np.asarray(z_kpc, float) / _Z_B_KPC)
    r_L = (
        LARMOR_KPC
        * np.asarray(p_GeV, float)
        / (B * np.sqrt(1.0 + (0.5 * np.asarray(R_kpc, float) / _Z_B_KPC) ** 2))
    )
    return r_L * C_KPC_MYR / (3.0 * _F)


def tube() -> Galaxy:
    """A tube of field lines up to half of z_B, with waves of F = 0.03."""
    return Galaxy(
        z_B_kpc=_Z_B_KPC, halo="constant", H_kpc=_H_KPC, bell=False, field="tube", diffusion=_diffusion,
        r_max_kpc=20.0,
    )  # fmt: skip


def lines_and_waves(scale: float) -> Rows:
    """Divergence of the field and of the waves of a galaxy, and the power of these at three heights."""
    galaxy = tube()
    found = galactic_turbulence(galaxy, galaxy.medium(), (_E_GEV, _E_GEV))
    rng = np.random.default_rng(1)
    places = np.stack([*rng.uniform(0.1, 0.2, (2, 400)), rng.uniform(0.1, 0.2, 400)], axis=-1)
    # Medians: differences across a node, or the end of a piece of a window, have no eighth order.
    regular = float(np.median(np.abs(divergence(found.regular, places, 2e-4)))) / galaxy.B0_uG
    rows = [row("orbits in a galaxy: div B of its lines, over B/kpc", regular, 0.0, 0.0, 1e-9)]
    count = max(int(40 * scale), 8)
    waves = [found.waves.realisation(seed) for seed in range(count)]
    r_L = found.waves.larmor_radius_kpc
    k = 1.0 / (0.05 * r_L[0, 0])
    size = np.linalg.norm(sample(waves[0], places), axis=-1)
    ratio = float(np.median(np.abs(divergence(waves[0], places, 0.01 / k)) / size)) / k
    rows.append(row("orbits in a galaxy: div B of its waves, over k B", ratio, 0.0, 0.0, 1e-8))
    for height in (0.1, 0.5, 0.95):
        j = int(np.argmin(np.abs(found.waves.z.nodes - height * _H_KPC)))
        z = float(found.waves.z.nodes[j])
        local = found.waves.at(0, j, 1.0)
        one = measure(local, waves, 3, (0.05, 0.05, z))
        inside = (one.k_kpc * r_L[0, j] > 0.6) & (one.k_kpc * r_L[0, j] < 10.0)
        found_power = one.power[:, inside].sum(axis=1) / one.expected_power[inside].sum()
        found_power *= found.waves.power_uG2[0, j] / (_F * (galaxy.B0_uG * math.exp(-z / _Z_B_KPC)) ** 2)
        mean, error = float(found_power.mean()), float(found_power.std() / math.sqrt(count - 1))
        rows.append(row(f"orbits in a galaxy: power of waves at z = {z:.2g} kpc", mean, 1.0, error, 0.05))
    return rows


def mirrored_orbits(scale: float) -> Rows:
    """Orbits without waves come in along a tube: their magnetic moment is kept; it says where they mirror."""
    galaxy = tube()
    regular = galactic_turbulence(galaxy, galaxy.medium(), (_E_GEV, _E_GEV)).regular
    rigidity = LARMOR_KPC * float(momentum_GeV(_E_GEV))
    z, mu = 1.5, 0.6
    B_start, B_mirror = 3.0 * math.exp(-z / _Z_B_KPC), 3.0 * math.exp(-z / _Z_B_KPC) / (1.0 - mu**2)
    z_mirror = _Z_B_KPC * math.log(3.0 / B_mirror)
    starts = np.array([[0.0, 0.0, z]]), np.array([[math.sqrt(1.0 - mu**2), 0.0, -mu]])
    step = 0.05 * rigidity / B_start
    path = np.arange(1, 8000) * 25.0 * step
    out = tracks([regular], rigidity, step, path, 1, 0.0, 1, starts=starts)[0, 0]
    B = sample(regular, out[:, :3])
    size = np.linalg.norm(B, axis=-1)
    moment = (1.0 - ((B * out[:, 3:]).sum(axis=-1) / size) ** 2) / size
    # Over gyrations, of which the moment is a mean.
    means = moment[: moment.size // 50 * 50].reshape(-1, 50).mean(axis=1)
    change = float(np.abs(means / means[0] - 1.0).max())
    return [
        row("orbits in a tube: magnetic moment", 1.0 + change, 1.0, 0.0, 0.01),
        row("orbits in a tube: height of the mirror", float(out[:, 2].min()) / z_mirror, 1.0, 0.0, 0.01),
    ]


class Still(NamedTuple):
    """The same field in every realisation."""

    field: Any
    correlation_length_kpc: float = math.inf

    def realisation(self, seed: Any) -> Any:
        return self.field


def carried_orbits(scale: float) -> Rows:
    """Plasma that moves across its field: a cloud of orbits moves with it, and is out after H/u."""
    H, u = 1.0, 0.05 * C_KPC_MYR
    energy = 3e3
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: 1.0 + 0.0 * p * R * z,
        surface=lambda R, z: z - H + 0.0 * R,
        halo_flow=lambda R, z: (0.0 * R * z, u + 0.0 * R * z),
        R_axis=axis((2.0, 1.0)),
        z_axis=axis((2.0 * H, H / 8)),
        r_max_kpc=1e6,
        wall=Wall.ABSORBING,
    )
    r_L = 5e-4 * H
    field = Still(Uniform(LARMOR_KPC * energy / r_L, 0.0, 0.0))
    how = Transport(max(int(64 * scale), 32), 1, "orbit", 1, 1e6, R_d_kpc=0.1, turbulence=field)
    grid = cells(np.array([0.0, H]), energies=np.array([0.999, 1.001]) * energy)
    time = mean_escape_time(run(medium, grid, how, threads=THREADS))[0]
    return [check("orbits in moving plasma: escape time over H/u", time * u / H, 1.0, 0.01)]


def orbits_in_a_tube(scale: float) -> Rows:
    """Escape along a tube in which lambda is below 0.05 z_B: orbits, and guiding centres with D of tracks."""
    galaxy = tube()
    medium = galaxy.medium()
    found = galactic_turbulence(galaxy, medium, (0.999 * _E_GEV, 1.001 * _E_GEV))
    test = DiffusionTest(
        found.waves.at(0, 0, galaxy.B0_uG),
        _E_GEV,
        escape.Slab(_H_KPC, 1.0, 1e4),
        int(512 * scale),
        3,
        THREADS,
    )
    along, across = test.late.along, test.late.across
    assert across is not None
    formula = float(_diffusion(momentum_GeV(_E_GEV), 0.0, 0.0)) / test.speed_kpc_Myr
    factor = along.plateau / formula
    guided = replace(
        galaxy,
        diffusion=lambda p, R, z: factor * _diffusion(p, R, z),
        epsilon=max(across.plateau / along.plateau, 0.0),
    )
    grid = cells(np.array([0.0, _H_KPC]), energies=np.array([0.999, 1.001]) * _E_GEV)
    orbits = Transport(int(1024 * scale), 4, "orbit", 1, 1e4, R_d_kpc=0.05, turbulence=found)
    centres = Transport(20_000, 5, "guiding-centre", 1, 1e4, R_d_kpc=0.05)
    one = mean_escape_time(run(medium, grid, orbits, threads=THREADS))[0]
    other = mean_escape_time(run(guided.medium(), grid, centres, threads=THREADS))[0]
    (time, error), (expected, its) = value_and_error(one), value_and_error(other)
    ratio = float(time / expected)
    total = ratio * math.hypot(error / time, its / expected, along.plateau_error / along.plateau)
    return [
        row("orbits in a tube: escape time over guiding centres'", ratio, 1.0, total, max(0.03, 2.0 * total))
    ]
