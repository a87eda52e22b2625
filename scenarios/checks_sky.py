"""Known answers of the light: where a blob lands, an exact intensity, the energy of the yields."""

from __future__ import annotations

from typing import Any

import healpy
import numpy as np

from ..fields.units import KPC_CM
from ..maps.secondaries import energy_fraction
from ..maps.sky import SUN_KPC, sky_map
from .checks import row

Rows = list[dict[str, Any]]


def one_pixel(scale: float) -> Rows:
    """A compact source 5 kpc away in the direction l = 90 deg, b = 0 lands there with its flux."""
    distance, width = 5.0, 0.25
    x0, y0, z0 = SUN_KPC[0], SUN_KPC[1] + distance, SUN_KPC[2]

    def blob(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        r2 = (x - x0) ** 2 + (y - y0) ** 2 + (z - z0) ** 2
        return np.exp(-0.5 * r2 / width**2)

    sky = sky_map(blob, 64)
    pixel = healpy.nside2pixarea(64)
    flux = sky.sum() * pixel
    exact = (2 * np.pi) ** 1.5 * width**3 * KPC_CM / (4 * np.pi * distance**2)
    vectors = np.array(healpy.pix2vec(64, np.arange(sky.size)))
    centre = (vectors * sky).sum(axis=1)
    off = np.degrees(np.arccos(centre @ np.array([0.0, 1.0, 0.0]) / np.linalg.norm(centre)))
    return [
        row("one pixel: flux of a blob at l = 90, b = 0 over exact", flux / exact, 1.0, 0.0, 0.01),
        row("one pixel: its distance from l = 90, b = 0 [deg]", off, 0.0, 0.0, 0.2),
    ]


def sphere_around_the_sun(scale: float) -> Rows:
    """A uniform sphere around the Sun has the intensity q r/(4 pi) everywhere."""

    def sphere(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        r2 = (x - SUN_KPC[0]) ** 2 + (y - SUN_KPC[1]) ** 2 + (z - SUN_KPC[2]) ** 2
        return 1.0 * (r2 < 20.0**2)

    ratio = sky_map(sphere, 8) * 4 * np.pi / (20.0 * KPC_CM)
    return [
        row("sphere around the Sun: mean intensity over exact", ratio.mean(), 1.0, 0.0, 0.01),
        row(
            "sphere around the Sun: worst pixel over exact", ratio[np.abs(ratio - 1).argmax()], 1.0, 0.0, 0.01
        ),
    ]


def emissivity_closure(scale: float) -> Rows:
    """Energy of the pp yields: gamma rays 16-17%, neutrinos 22% of the proton's energy."""
    E = np.geomspace(1e3, 1e6, 7)
    return [
        row("pp yields: share of energy in gamma rays", energy_fraction("gamma", E).mean(), 0.165, 0.0, 0.01),
        row(
            "pp yields: share of energy in neutrinos", energy_fraction("neutrino", E).mean(), 0.22, 0.0, 0.01
        ),
    ]
