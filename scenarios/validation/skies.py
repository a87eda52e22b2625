"""Known answers of the light: where a blob lands, an exact intensity, the energy of the yields."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import healpy
import numpy as np
from scipy.integrate import cumulative_trapezoid, quad

from ...fields.units import GEV_ERG, K_B_ERG_K, KPC_CM, FloatArray
from ...maps.light.absorption import ELECTRON_MASS_GEV, HBAR_C_GEV_CM, SIGMA_THOMSON_CM2
from ...maps.light.regions import REGIONS, region_weights
from ...maps.light.secondaries import energy_fraction
from ...maps.light.sky import SUN_KPC, SUN_R_KPC, SUN_Z_KPC, sky_map, table_sky_map
from ...maps.light.starlight import (
    DISC_HEIGHT_KPC,
    DISC_SCALE_KPC,
    GREY_BODIES,
    starlight_absorption_per_kpc,
    starlight_over_local,
    starlight_sky_map,
)
from ...maps.light.structure import contribution_by_distance
from .tools import Rows, row

_TOLERANCE = 0.005
_SUN_FROM_CENTRE_KPC = float(np.hypot(SUN_R_KPC, SUN_Z_KPC))
_EVERYWHERE = [0.0, 100.0]


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


def chord_kpc(direction: FloatArray, centre_kpc: FloatArray, radius_kpc: float) -> FloatArray:
    """Length of rays from the Sun inside a sphere; `centre_kpc` as seen from the Sun."""
    along = direction @ centre_kpc
    root = np.sqrt(np.maximum(along**2 - centre_kpc @ centre_kpc + radius_kpc**2, 0.0))
    return np.maximum(along + root, 0.0) - np.maximum(along - root, 0.0)


def inverse_square_kpc(radius_kpc: float, distance_kpc: float) -> float:
    """Integral of dV/d^2 over a sphere whose centre is at `distance_kpc`, inside or outside of it.

    2 pi [a + (a^2 - D^2)/(2 D) ln((a + D)/|a - D|)], by shells of radius a' about the centre.
    """
    a, D = radius_kpc, distance_kpc
    return float(2 * np.pi * (a + (a**2 - D**2) / (2 * D) * np.log((a + D) / abs(a - D))))


def _directions(nside: int) -> FloatArray:
    return np.array(healpy.pix2vec(nside, np.arange(12 * nside**2))).T


def _worst(name: str, sky: FloatArray, exact: FloatArray) -> dict[str, Any]:
    """A row of the pixel that is furthest from the exact answer."""
    ratio = np.asarray(sky / exact)
    return row(name, ratio[np.abs(ratio - 1).argmax()], 1.0, 0.0, _TOLERANCE)


def sphere_from_outside(scale: float) -> Rows:
    """A uniform sphere of 10 kpc at a distance of 30 kpc: q chord/(4 pi) in the pixels, and its flux.

    The rim of a sharp sphere falls within a step of 0.3 kpc: single pixels miss the chord by 2%, their mean
    does not. They are held to the chords of a sphere whose rim falls from one to zero over 2 kpc, which is
    the mean of sharp spheres between 9 and 11 kpc.
    """
    distance, radius, nside = 30.0, 10.0, 32
    centre = distance * healpy.ang2vec(37.0, 40.0, lonlat=True)

    def sphere(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
        shift = (x - SUN_KPC[0] - centre[0], y - SUN_KPC[1] - centre[1], z - SUN_KPC[2] - centre[2])
        r = np.sqrt(shift[0] ** 2 + shift[1] ** 2 + shift[2] ** 2)
        both: FloatArray = np.stack([1.0 * (r < radius), np.clip((radius + 1 - r) / 2, 0, 1)], axis=-1)
        return both

    sharp, soft = sky_map(sphere, nside, r_max_kpc=60.0) / KPC_CM
    directions = _directions(nside)
    exact = chord_kpc(directions, centre, radius) / (4 * np.pi)
    radii = radius + (np.arange(200) + 0.5) / 100.0 - 1.0
    exact_soft = np.mean([chord_kpc(directions, centre, a) for a in radii], axis=0) / (4 * np.pi)
    away = directions @ centre > distance * np.cos(0.8 * np.arcsin(radius / distance))
    flux = sharp.sum() * healpy.nside2pixarea(nside)
    exact_flux = inverse_square_kpc(radius, distance) / (4 * np.pi)
    name = "sphere 30 kpc away:"
    return [
        row(f"{name} flux over exact", flux / exact_flux, 1.0, 0.0, _TOLERANCE),
        row(f"{name} mean intensity over exact", np.mean(sharp[away] / exact[away]), 1.0, 0.0, _TOLERANCE),
        _worst(f"{name} worst pixel over exact, soft rim", soft[away], exact_soft[away]),
    ]


def sphere_from_inside(scale: float) -> Rows:
    """A uniform sphere about the Galactic centre: the path from the Sun to its rim in every pixel."""
    nside, rows = 8, []
    directions = _directions(nside)
    for radius in (12.0, 30.0):
        path = chord_kpc(directions, -np.array(SUN_KPC), radius) / (4 * np.pi)
        mean = inverse_square_kpc(radius, _SUN_FROM_CENTRE_KPC) / (16 * np.pi**2)
        uniform = np.ones((2, 2, 1))
        skies = {
            "sky_map": sky_map(lambda x, y, z: np.ones(x.shape), nside, r_max_kpc=radius),
            "table_sky_map": table_sky_map(uniform, _EVERYWHERE, _EVERYWHERE, nside, r_max_kpc=radius)[0],
        }
        for name, sky in skies.items():
            name = f"inside a sphere of {radius:.0f} kpc, {name}:"
            rows.append(_worst(f"{name} worst pixel over exact", sky / KPC_CM, path))
            rows.append(row(f"{name} mean over exact", sky.mean() / KPC_CM / mean, 1.0, 0.0, _TOLERANCE))
    # A jump that the rays are not told of, as on a surface in the halo.
    sky = sky_map(lambda x, y, z: (np.hypot(np.hypot(x, y), z) < 12.0).astype(float), nside)
    mean = inverse_square_kpc(12.0, _SUN_FROM_CENTRE_KPC) / (16 * np.pi**2)
    name = "inside a sphere of 12 kpc, a jump between steps: mean over exact"
    return [*rows, row(name, sky.mean() / KPC_CM / mean, 1.0, 0.0, _TOLERANCE)]


def disc_at_the_poles(scale: float) -> Rows:
    """A wide disc exp(-|z|/h), h = 0.1 kpc: h exp(-z_sun/h) to the north, h (2 - exp(-z_sun/h)) south."""
    h, nside = 0.1, 8
    z = np.concatenate([np.linspace(0.0, 2.0, 201), [100.0]])
    table = np.broadcast_to(np.exp(-z / h)[:, None], (2, z.size, 1))
    skies = {
        "sky_map": sky_map(lambda x, y, z: np.exp(-np.abs(z) / h), nside),
        "table_sky_map": table_sky_map(table, _EVERYWHERE, z, nside)[0],
    }
    sin_b = _directions(nside)[0, 2]
    north = h * np.exp(-SUN_Z_KPC / h) / sin_b / (4 * np.pi)
    south = h * (2.0 - np.exp(-SUN_Z_KPC / h)) / sin_b / (4 * np.pi)
    rows = []
    for name, sky in skies.items():
        for pole, pixel, exact in (("north", 0, north), ("south", -1, south)):
            value = sky[pixel] / KPC_CM / exact
            rows.append(row(f"disc, {name}: {pole} pole over exact", value, 1.0, 0.0, _TOLERANCE))
    return rows


def absorbed_shell(scale: float) -> Rows:
    """A thin shell about the Sun is dimmed by exp(-r/lambda); so is a sphere about the centre, in parts.

    The shell is a Gaussian of 0.5 kpc, thick enough for the steps; the mean of exp(-s/lambda) over it is
    exp(-r/lambda + (0.5 kpc/lambda)^2/2).
    """
    free_path, width = np.array([1e9, 50.0, 8.95]), 0.5
    absorption, rows = 1.0 / free_path, []
    for distance in (10.0, 40.0):

        def shell(x: FloatArray, y: FloatArray, z: FloatArray, r: float = distance) -> FloatArray:
            s = np.sqrt((x - SUN_KPC[0]) ** 2 + (y - SUN_KPC[1]) ** 2 + (z - SUN_KPC[2]) ** 2)
            return np.repeat(np.exp(-0.5 * ((s - r) / width) ** 2)[..., None], 3, axis=-1)

        sky = sky_map(shell, 8, absorption_per_kpc=absorption)
        for c in (1, 2):
            exact = np.exp(-distance / free_path[c] + (width / free_path[c]) ** 2 / 2)
            name = f"absorption, shell at {distance:.0f} kpc, mean free path {free_path[c]:g} kpc:"
            rows.append(_worst(f"{name} worst pixel over exact", sky[c] / sky[0], exact))

    radius, nside = 30.0, 8
    uniform = np.ones((2, 2, 3))
    path = chord_kpc(_directions(nside), -np.array(SUN_KPC), radius)
    options: dict[str, Any] = {"absorption_per_kpc": absorption, "r_max_kpc": radius}
    skies = {
        "sky_map": sky_map(lambda x, y, z: np.ones((*x.shape, 3)), nside, **options),
        "table_sky_map": table_sky_map(uniform, _EVERYWHERE, _EVERYWHERE, nside, **options),
    }
    for name, sky in skies.items():
        for c in (1, 2):
            exact = -free_path[c] * np.expm1(-path / free_path[c]) / (4 * np.pi)
            label = f"absorption in a sphere, {name}, mean free path {free_path[c]:g} kpc:"
            rows.append(_worst(f"{label} worst pixel over exact", sky[c] / KPC_CM, exact))
    return rows


def _pair_production_cm2(s_GeV2: float) -> float:
    """Cross section of two photons of invariant mass squared s, Breit & Wheeler 1934."""
    b = np.sqrt(max(1.0 - 4.0 * ELECTRON_MASS_GEV**2 / s_GeV2, 0.0))
    logarithm = np.log((1.0 + b) / (1.0 - b))
    return float(3 / 16 * SIGMA_THOMSON_CM2 * (1 - b**2) * ((3 - b**4) * logarithm - 2 * b * (2 - b**2)))


def _met_per_kpc(energy_GeV: float) -> float:
    """Pairs made per kpc in the light at the Sun: an integral over photons, and one over angles."""

    def of_photons(log_photon: float, kT: float) -> float:
        photon = np.exp(log_photon)
        # Of the cosine of the angle between the two, up to threshold.
        last = 1.0 - 2.0 * ELECTRON_MASS_GEV**2 / (energy_GeV * photon)
        if last <= -1.0:
            return 0.0
        per_photon = quad(
            lambda mu: (1 - mu) / 2 * _pair_production_cm2(2 * energy_GeV * photon * (1 - mu)), -1, last
        )[0]
        return float(photon**3 / (np.pi**2 * HBAR_C_GEV_CM**3 * np.expm1(photon / kT)) * per_photon)

    found = 0.0
    for temperature_K, share in GREY_BODIES:
        kT = K_B_ERG_K * temperature_K / GEV_ERG
        low = max(np.log(1e-4 * kT), np.log(ELECTRON_MASS_GEV**2 / energy_GeV))
        found += share * quad(of_photons, low, np.log(60 * kT), (kT,), limit=200)[0]
    return found * KPC_CM


def _light_of_disc(R: float, z: float) -> float:
    """Integral of exp(-R'/h - |z'|/h_z)/d^2 over a disc by nested quadrature, each ring in closed form."""

    def of_layer(height: float) -> float:
        def of_ring(ring: float) -> float:
            near, far = np.hypot(R - ring, z - height), np.hypot(R + ring, z - height)
            return float(ring * np.exp(-ring / DISC_SCALE_KPC) / (near * far))

        corners = [R, *np.clip([R - abs(z - height), R + abs(z - height)], 0.0, None)]
        layer = quad(of_ring, 0.0, 80.0, points=corners, limit=400)[0]
        return float(layer * np.exp(-abs(height) / DISC_HEIGHT_KPC))

    ends = sorted({-2.0, 0.0, z, 2.0})
    return sum(quad(of_layer, a, b, limit=200, epsrel=1e-4)[0] for a, b in pairwise(ends))


def _shell_through_starlight(energy_GeV: FloatArray, met_per_kpc: list[float]) -> Rows:
    """A Gaussian shell of 1 kpc, 40 kpc about the Galactic centre, along the rays of a few pixels."""
    nside, nodes, rows = 4, np.linspace(0.0, 50.0, 201), []
    shell = np.exp(-0.5 * (np.hypot(nodes[:, None], nodes) - 40.0) ** 2)[..., None]
    options: dict[str, Any] = {"r_max_kpc": 50.0, "disc_radius_kpc": None}
    per_kpc = starlight_absorption_per_kpc(energy_GeV)
    dimmed = starlight_sky_map(
        np.repeat(shell, energy_GeV.size, axis=2),
        nodes,
        nodes,
        nside,
        absorption_per_kpc=np.zeros(energy_GeV.size),
        starlight_per_kpc=per_kpc,
        **options,
    )
    bare = table_sky_map(shell, nodes, nodes, nside, **options)[0]
    s = np.geomspace(1e-3, 60.0, 400)
    for l, b in ((0.0, 0.0), (0.0, 90.0), (180.0, 0.0)):
        pixel = healpy.ang2pix(nside, l, b, lonlat=True)
        x, y, z = np.array(SUN_KPC)[:, None] + s * np.array(healpy.pix2vec(nside, pixel))[:, None]
        there = [starlight_over_local([R], [h])[0, 0] for R, h in zip(np.hypot(x, y), z, strict=True)]
        column = cumulative_trapezoid(there, s, initial=0.0)
        light = np.exp(-0.5 * (np.sqrt(x**2 + y**2 + z**2) - 40.0) ** 2)
        for c, met in enumerate(met_per_kpc):
            exact = np.trapezoid(light * np.exp(-column * met), s) / np.trapezoid(light, s)
            name = f"starlight: shell of 40 kpc towards ({l:g}, {b:g}), {energy_GeV[c]:g} GeV: over exact"
            rows.append(row(name, dimmed[c, pixel] / bare[pixel] / exact, 1.0, 0.0, 0.01))
    return rows


def starlight(scale: float) -> Rows:
    """Absorption on light of stars and dust: its rate, its shape, and a shell of 40 kpc seen through it.

    From the Galactic centre "about 25%" are lost around 100 TeV after Moskalenko, Porter & Strong (2006), who
    know the directions of the light too.
    """
    energy = np.array([3e3, 1e5, 3e5])
    per_kpc, met = starlight_absorption_per_kpc(energy), [_met_per_kpc(E) for E in energy]
    rows = [
        row(f"starlight: pairs made at {E:g} GeV over quadrature", ours / exact, 1.0, 0.0, 0.002)
        for E, ours, exact in zip(energy, per_kpc, met, strict=True)
    ]
    local = _light_of_disc(SUN_R_KPC, SUN_Z_KPC)
    for R, z in ((4.0, 0.05), (8.178, 1.0), (15.0, 5.0)):
        ratio = starlight_over_local([R], [z])[0, 0] / (_light_of_disc(R, z) / local)
        rows.append(
            row(f"starlight: its density at ({R:g}, {z:g}) kpc over quadrature", ratio, 1.0, 0.0, 0.01)
        )
    rows += _shell_through_starlight(energy[1:], met[1:])
    radii = np.linspace(0.0, SUN_R_KPC, 400)
    to_centre = np.trapezoid(starlight_over_local(radii, [SUN_Z_KPC])[:, 0], radii)
    lost = -np.expm1(-per_kpc[1] * to_centre)
    return [*rows, row("starlight: lost from the Galactic centre at 100 TeV", lost, 0.25, 0.0, 0.05)]


def mean_of_the_sky(scale: float) -> Rows:
    """The mean of a map is the integral of q dV/(16 pi^2 d^2): for a disc and for wide gas."""
    R = np.concatenate([np.arange(0.0, 10.0, 0.25), [9.999, 10.001], np.arange(11.0, 101.0)])
    z = np.concatenate([np.arange(0.0, 1.0, 0.02), np.arange(1.0, 101.0)])
    disc = np.exp(-z / 0.1) * (R[:, None] < 10.0)
    wide = 1.0 / (1.0 + (R[:, None] ** 2 + z**2) / 400.0)
    sky = table_sky_map(np.stack([disc, wide], axis=-1), R, z, 16)
    _, mean = contribution_by_distance(np.stack([disc, wide]), R, z, [10.0])
    radius = 30.0
    uniform = np.ones((2, 2))
    within, whole = contribution_by_distance(uniform, _EVERYWHERE, _EVERYWHERE, [5.0, 8.178, 12.0], radius)
    parts = np.array([*within, whole]) / KPC_CM
    exact = [
        inverse_square_kpc(a, _SUN_FROM_CENTRE_KPC) / (16 * np.pi**2) for a in (5.0, 8.178, 12.0, radius)
    ]
    rows = [
        row(f"mean of the sky, {name}: map over integral", of_map.mean() / of_volume, 1.0, 0.0, _TOLERANCE)
        for name, of_map, of_volume in zip(("disc", "wide gas"), sky, mean, strict=True)
    ]
    return [*rows, _worst("mean of the sky, parts of a sphere: worst over exact", parts, np.array(exact))]


def region_of_the_sky(scale: float) -> Rows:
    """A strip of the plane: its area by the shares of pixels of any size, and a thin disc in it.

    The disc is exp(-|z|/h), h = 0.1 kpc, within R < 10 kpc; its columns along 200 by 4000 rays are exact.
    """
    h, rim, name = 0.1, 10.0, "lhaaso-inner"
    region = REGIONS[name]
    rows = [
        row(
            f"{name}: area on a map of {nside} over exact",
            region.shares(nside).sum() * healpy.nside2pixarea(nside) / region.solid_angle_sr,
            1.0,
            0.0,
            1e-3,
        )
        for nside in (4, 64)
    ]
    sin_b = np.sin(np.radians(region.b_deg[1])) * ((np.arange(4000) + 0.5) / 2000.0 - 1.0)
    l_deg = region.l_deg[0] + (np.arange(200) + 0.5) / 200.0 * (region.l_deg[1] - region.l_deg[0])
    cos2, along = 1.0 - sin_b**2, np.cos(np.radians(l_deg))[:, None] * np.sqrt(1.0 - sin_b**2)
    end = (SUN_R_KPC * along + np.sqrt((SUN_R_KPC * along) ** 2 + cos2 * (rim**2 - SUN_R_KPC**2))) / cos2
    ends = SUN_Z_KPC + end * sin_b, np.full_like(end, SUN_Z_KPC)
    up_to = [-np.sign(z) * h * np.expm1(-np.abs(z) / h) for z in ends]
    exact = np.mean((up_to[0] - up_to[1]) / sin_b) * KPC_CM / (4 * np.pi)
    R, z = np.array([0.0, rim - 1e-6, rim + 1e-6, 30.0]), np.append(np.linspace(0.0, 1.5, 301), 30.0)
    disc = np.exp(-z / h) * (R[:, None] < rim)
    weights = region_weights([region], (R, z), 64, r_max_kpc=30.0, disc_radius_kpc=rim)[0]
    return [
        *rows,
        row(f"{name}: thin disc over exact", (weights * disc).sum() / exact, 1.0, 0.0, _TOLERANCE),
    ]
