"""Known answers of many sources on the sky: the light of one over its life, and that of all of them."""

from __future__ import annotations

import numpy as np

from ....fields.disc.phases import PHASES
from ....fields.disc.sources import surface_density
from ....fields.units import C_CM_S, C_KPC_MYR, KPC_CM, M_P_G, MYR_S, FloatArray, total_energy_GeV
from ....fields.waves.tube_waves import TubeWaves
from ....maps.light.emissivity import matrix_per_flavour
from ....maps.light.near_sources.cocoons import CocoonLight, SourcePopulation, cocoon_skies
from ....maps.light.sky import SUN_KPC, SUN_R_KPC, SUN_Z_KPC
from ....mc.coupled.flux_tube import FluxTube, Tube
from ..tools import Rows, row

_E_GEV = np.array([10.0, 1e3])
_FAR_KPC = 1.0


def light_of_a_life(scale: float) -> Rows:
    """Gamma rays of a source over its life: those of the grammage that its protons cross."""
    p = np.geomspace(10.0, 1e4, 13)
    tube = Tube(0.1, 0.02, 0.01, 1e50, 2.2, np.zeros(p.size), np.where(np.arange(100) < 50, 0.5, 2.0))
    waves, ages = TubeWaves(p, PHASES["warm-ionised"]), np.geomspace(1e-6, 1.0, 120) * 3.0
    run = FluxTube(tube, waves, change=0.1).follow(list(ages))
    found = CocoonLight.of(run, "gamma", _E_GEV, 0.96, 10).whole
    step = float(np.log(p[1] / p[0]))
    edges = total_energy_GeV(p[0] * np.exp(step * (np.arange(p.size + 1) - 0.5)))
    speed = run.waves.speed_kpc_Myr / C_KPC_MYR * C_CM_S
    crossed = tube.released(p) * step * run.grammage_g_cm2 / (M_P_G * speed * MYR_S)
    expected = 0.96 * matrix_per_flavour("gamma", _E_GEV, edges) @ crossed
    return [
        row(f"light of a source's life over that of its grammage, {E:g} GeV", one / known, 1.0, 0.0, 0.02)
        for E, one, known in zip(_E_GEV, found, expected, strict=True)
    ]


def _even_light(bins: int = 4) -> CocoonLight:
    """A tube of 100 pc that shines alike everywhere and always, one photon per GeV and second in all."""
    power = np.full((2, bins, 1), 0.5 / bins)
    return CocoonLight(np.array([1e-9, 1.0]), np.linspace(0.0, 0.1, bins + 1), 0.02, power)


def _mean_dilution(population: SourcePopulation) -> float:
    """Mean of 1/(4 pi d^2) over sources that are farther than `_FAR_KPC`, times the share of them [cm^-2]."""
    R = np.linspace(0.0, population.R_d_kpc, 601)[1:]
    phi = np.pi * (np.arange(400) + 0.5) / 400
    z = population.height_kpc * np.linspace(-12.0, 12.0, 481)
    weight = np.exp(-np.abs(z) / population.height_kpc)
    per_R = R * surface_density(population.radial, R)
    seen = []
    for radius in R:
        across = radius**2 + SUN_R_KPC**2 - 2.0 * radius * SUN_R_KPC * np.cos(phi)
        d2 = across[:, None] + (z - SUN_Z_KPC) ** 2
        seen.append(float((np.where(d2 > _FAR_KPC**2, 1.0 / d2, 0.0) @ weight).mean() / weight.sum()))
    return float((per_R @ seen) / per_R.sum() / (4.0 * np.pi * KPC_CM**2))


def _far(explosions: FloatArray) -> np.ndarray:
    return np.linalg.norm(explosions - SUN_KPC, axis=1) > _FAR_KPC


def flux_of_many_sources(scale: float) -> Rows:
    """Flux of sources drawn in a disc beyond 1 kpc: its mean, and that their maps hold all of it."""
    population = SourcePopulation(20_000.0 * scale, "snr", 15.0, 0.1)
    light, E = _even_light(), np.array([100.0])
    totals, ratio = [], 0.0
    for number in range(20):
        rng = np.random.default_rng([5, number])
        drawn = population.drawn(rng, 1.0)
        far = _far(drawn.place_kpc)
        kept = type(drawn)(*(each[far] for each in drawn))
        sky = cocoon_skies([light], kept, E, 16, rng)[0, 0]
        totals.append(float(sky.mean() * 4.0 * np.pi))
        d2 = ((kept.place_kpc - SUN_KPC) ** 2).sum(axis=1)
        ratio += totals[-1] / float((1.0 / (4.0 * np.pi * d2 * KPC_CM**2)).sum()) / 20.0
    expected = population.per_Myr * _mean_dilution(population)
    mean = float(np.mean(totals))
    error = float(np.std(totals, ddof=1) / np.sqrt(len(totals)) / expected)
    return [
        row("flux on the maps of sources over their 1/(4 pi d^2)", ratio, 1.0, 0.0, 5e-3),
        row(
            "mean flux of sources over that of their disc",
            mean / expected,
            1.0,
            error,
            3.0 * error,
        ),
    ]
