"""The sky of many sources, each with the protons that it still holds along its field: drawn at random.

Sources explode at random in the disc of the Galaxy, at a rate; each has the light of a flux tube at its age,
along a direction of its own. Absorption is that of the CMB, to the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ....fields.disc.sources import radii_of_shares
from ....fields.exceptions import UserError
from ....fields.units import KPC_CM, FloatArray, total_energy_GeV
from ....mc.coupled.flux_tube import TubeRun, TubeSnapshot
from ..absorption import cmb_absorption_per_kpc
from ..emissivity import matrix_per_flavour
from ..sky import SUN_KPC

# Points for each bin of a tube: closer sources are wider than pixels.
_NEAR_KPC, _NEAR_POINTS = 1.0, 64
_AT_ONCE = 20_000
_NEAREST_KPC = 1e-3


# -- the light of one ----------------------------------------------------------------------


def tube_emissivity(
    run: TubeRun, snapshot: TubeSnapshot, secondary: str, energy_GeV: FloatArray, per_mass: float
) -> FloatArray:
    """Of the cells of a tube [GeV^-1 cm^-3 s^-1], (cells, energies).

    Parameters
    ----------
    run, snapshot : TubeRun, TubeSnapshot
        The tube at an age.
    secondary : {"gamma", "neutrino"}
        Neutrinos are per flavour.
    energy_GeV : ndarray
        Of the product.
    per_mass : float
        What its gas is as a target, in hydrogen atoms per hydrogen mass.
    """
    p = run.waves.p_GeV
    step = np.sqrt(p[1] / p[0])
    edges = total_energy_GeV(np.append(p / step, p[-1] * step))
    matrix = matrix_per_flavour(secondary, energy_GeV, edges)
    in_bins = snapshot.n_cm3 * float(np.log(p[1] / p[0]))
    return np.asarray(in_bins @ matrix.T * (per_mass * run.tube.gas_cm3)[:, None])


@dataclass(frozen=True)
class CocoonLight:
    """Light of a tube against its age.

    Attributes
    ----------
    age_Myr : ndarray, shape (epochs,)
        Rising; before the first it is that of the first, after the last there is none.
    edges_kpc : ndarray, shape (bins + 1,)
        Along one half of it.
    radius_kpc : float
        Of the tube.
    power : ndarray, shape (epochs, bins, energies)
        Of one half [GeV^-1 s^-1].
    """

    age_Myr: FloatArray
    edges_kpc: FloatArray
    radius_kpc: float
    power: FloatArray

    @classmethod
    def of(
        cls, run: TubeRun, secondary: str, energy_GeV: FloatArray, per_mass: float, bins: int
    ) -> CocoonLight:
        """Of a tube that was solved; the arguments of `tube_emissivity`, and of how many bins it consists."""
        tube = run.tube
        cells = tube.gas_cm3.size
        if bins < 1 or cells % bins:
            raise UserError(f"bins = {bins}: allowed: a divisor of the {cells} cells of the tube")
        volume = 0.5 * tube.area_cm2 * tube.width_kpc * KPC_CM
        power = [
            volume
            * tube_emissivity(run, one, secondary, energy_GeV, per_mass)
            .reshape(bins, cells // bins, -1)
            .sum(axis=1)
            for one in run.snapshots
        ]
        edges = np.linspace(0.0, tube.L_c_kpc, bins + 1)
        return cls(np.array([one.age_Myr for one in run.snapshots]), edges, tube.radius_kpc, np.array(power))

    def at(self, age_Myr: FloatArray) -> FloatArray:
        """Power at some ages, linear between the epochs, (ages, bins, energies)."""
        i = np.clip(np.searchsorted(self.age_Myr, age_Myr) - 1, 0, self.age_Myr.size - 2)
        share = np.clip((age_Myr - self.age_Myr[i]) / np.diff(self.age_Myr)[i], 0.0, 1.0)[:, None, None]
        power = (1.0 - share) * self.power[i] + share * self.power[i + 1]
        return np.where((age_Myr <= self.age_Myr[-1])[:, None, None], power, 0.0)

    @property
    def whole(self) -> FloatArray:
        """Of both halves over all ages [GeV^-1 s^-1 Myr], (energies,)."""
        both = 2.0 * self.power.sum(axis=1)
        return np.asarray(self.age_Myr[0] * both[0] + np.trapezoid(both, self.age_Myr, axis=0))


# -- many of them --------------------------------------------------------------------------


class Explosions(NamedTuple):
    """Sources: where [kpc], (n, 3) as the sky has it; along which direction, (n, 3); how old [Myr], (n,)."""

    place_kpc: FloatArray
    direction: FloatArray
    age_Myr: FloatArray


@dataclass(frozen=True)
class SourcePopulation:
    """Sources of the Galaxy.

    Attributes
    ----------
    per_Myr : float
        How many explode.
    radial : str
        How they are spread over the disc, of `fields.disc.sources.RADIAL`.
    R_d_kpc : float
        Of the disc.
    height_kpc : float
        Over which they fall off by e, on either side of the plane.
    """

    per_Myr: float
    radial: str
    R_d_kpc: float
    height_kpc: float

    def __post_init__(self) -> None:
        if not min(self.per_Myr, self.R_d_kpc) > 0.0 or self.height_kpc < 0.0:
            raise UserError("sources of the Galaxy: allowed: a rate and a radius above zero, a height")

    def drawn(self, rng: np.random.Generator, oldest_Myr: float) -> Explosions:
        """All that have exploded since an age; their number is Poisson's."""
        count = int(rng.poisson(self.per_Myr * oldest_Myr))
        roots, table = np.sqrt(rng.random(count)), radii_of_shares(self.radial, self.R_d_kpc)
        R = np.interp(roots, np.linspace(0.0, 1.0, table.size), table) if table.size else self.R_d_kpc * roots
        phi, z = rng.uniform(0.0, 2.0 * np.pi, count), rng.laplace(0.0, self.height_kpc, count)
        place = np.stack([R * np.cos(phi), R * np.sin(phi), z], axis=1)
        return Explosions(place, _directions(rng, count), rng.uniform(0.0, oldest_Myr, count))


def _directions(rng: np.random.Generator, count: int) -> FloatArray:
    """Unit vectors, (count, 3), all as likely."""
    mu, phi = rng.uniform(-1.0, 1.0, count), rng.uniform(0.0, 2.0 * np.pi, count)
    flat = np.sqrt(1.0 - mu**2)
    return np.stack([flat * np.cos(phi), flat * np.sin(phi), mu], axis=1)


def cocoon_skies(
    lights: Sequence[CocoonLight],
    explosions: Explosions,
    energy_GeV: FloatArray,
    nside: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Maps of the same sources in the light of each of several tubes of one shape.

    Parameters
    ----------
    lights : sequence of CocoonLight
        Their tubes have the same bins and radius.
    explosions : Explosions
        The sources.
    energy_GeV : ndarray
        Of the light.
    nside : int
        Of the maps.
    rng : Generator
        Where in a bin of its tube a point lies.

    Returns
    -------
    ndarray, shape (lights, energies, 12 nside^2)
        Intensity in GeV^-1 cm^-2 s^-1 sr^-1, RING order, Galactic coordinates.
    """
    shape = lights[0]
    same = all(
        np.array_equal(one.edges_kpc, shape.edges_kpc) and one.radius_kpc == shape.radius_kpc
        for one in lights
    )
    if not same:
        raise UserError("cocoons on one sky: allowed: tubes of one shape")
    maps = np.zeros((len(lights), energy_GeV.size, 12 * nside**2))
    absorption = cmb_absorption_per_kpc(energy_GeV)
    for part, points in _parts(explosions):
        pixel, weight, distance = _points(shape, part, points, nside, rng)
        seen = np.exp(-absorption[:, None] * distance) * weight
        for sky, light in zip(maps, lights, strict=True):
            # Both sides, then bins, then points: as `_points` has them.
            power = np.repeat(light.at(part.age_Myr), points, axis=0).transpose(2, 1, 0)
            for row, of_energy, share in zip(sky, power, seen, strict=True):
                row += np.bincount(pixel, share * np.tile(of_energy.ravel(), 2), 12 * nside**2)
    return maps


def _parts(explosions: Explosions) -> Iterator[tuple[Explosions, int]]:
    """Sources a few at a time, with the points for each of their bins."""
    near = np.linalg.norm(explosions.place_kpc - SUN_KPC, axis=1) < _NEAR_KPC
    for points, which in ((1, np.flatnonzero(~near)), (_NEAR_POINTS, np.flatnonzero(near))):
        step = max(_AT_ONCE // points, 1)
        for some in (which[first : first + step] for first in range(0, which.size, step)):
            yield Explosions(*(each[some] for each in explosions)), points


def _points(
    shape: CocoonLight, part: Explosions, points: int, nside: int, rng: np.random.Generator
) -> tuple[np.ndarray, FloatArray, FloatArray]:
    """Pixel, weight [cm^-2 sr^-1] and distance [kpc] of points in the tubes: by side, bin, source, point."""
    import healpy

    place, along, _ = (np.repeat(each, points, axis=0) for each in part)
    count, bins = len(place), shape.edges_kpc.size - 1
    across = np.cross(along, _directions(rng, count))
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    s = shape.edges_kpc[:-1, None] + np.diff(shape.edges_kpc)[:, None] * rng.random((2, bins, count))
    s[1] *= -1.0
    off = shape.radius_kpc * np.sqrt(rng.random((2, bins, count)))
    at = place - np.array(SUN_KPC) + s[..., None] * along + off[..., None] * across
    distance = np.maximum(np.linalg.norm(at, axis=-1), _NEAREST_KPC).ravel()
    pixel = healpy.vec2pix(nside, *at.reshape(-1, 3).T)
    per_sr = 12.0 * nside**2 / (4.0 * np.pi)
    return pixel, per_sr / points / (4.0 * np.pi * (distance * KPC_CM) ** 2), distance
