"""Zones of gas with cosmic rays in them: the records that the kernels of an expanding bubble share.

Masses are in protons (cm^-3 kpc^3), speeds in kpc/Myr, so that energies are in m_p (kpc/Myr)^2 and pressures
in those per cm^3: the energy of a proton at rest is c^2. Row 0 of `protons` is the cavity within the
innermost face; row i + 1 is zone i, between faces i and i + 1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ...fields._jit import kernel
from ...fields.units import FloatArray

# Counters of energy.
INJECTED, ESCAPED, PP, COOLED, WORK, RADIATED, WALL, WEIGHT = range(8)
# Numbers of the state: time, the last step, and how many zones there are.
TIME, STEP, ZONES = range(3)
TINY = 1e-300


class State(NamedTuple):
    """What changes with time; only the first zones and faces are in use, see `ZONES`.

    Attributes
    ----------
    r, u : ndarray, shape (zones + 1,)
        Faces [kpc] and their speed [kpc/Myr].
    mass, heat : ndarray, shape (zones,)
        Of each zone; heat is its thermal energy.
    protons : ndarray, shape (zones + 1, groups)
        Cosmic rays in the cavity and in each zone, by momentum.
    energies : ndarray, shape (8,)
        What has been injected, has escaped, went into pp collisions, fell below the lowest group, was work on
        the gas, was radiated, was lost on the wall, and was won from gravity.
    clock : ndarray, shape (3,)
        Time and last step [Myr], number of zones.
    """

    r: FloatArray
    u: FloatArray
    mass: FloatArray
    heat: FloatArray
    protons: FloatArray
    energies: FloatArray
    clock: FloatArray


class Physics(NamedTuple):
    """What does not.

    Attributes
    ----------
    dimensions : int
        3: spheres; 1: planes of unit area.
    gamma_gas, isothermal : float
        Adiabatic index; square of the isothermal speed of sound, 0 where the gas is adiabatic.
    wall_kpc : float
        Radius below which the innermost face does not fall.
    v_c : float
        Circular speed of the potential, flat.
    highest_speed : float
        What the gas may reach.
    thinnest : float
        Two neighbours thinner than this share of their radius become one zone; 0: never.
    energy, pressure, lower_energy : ndarray, shape (groups,)
        Of one proton of a group: its energy, p v/3, and by how much its energy exceeds the group below.
    width : float
        Of the groups in ln p.
    injected : ndarray, shape (groups,)
        Protons per Myr, into the cavity.
    loss : ndarray, shape (groups,)
        -dln p/dt/n by pp collisions.
    D_r, D : ndarray, shape (nodes,), (nodes, groups)
        Diffusion coefficients and where they hold.
    """

    dimensions: int
    gamma_gas: float
    isothermal: float
    wall_kpc: float
    v_c: float
    highest_speed: float
    thinnest: float
    energy: FloatArray
    pressure: FloatArray
    lower_energy: FloatArray
    width: float
    injected: FloatArray
    loss: FloatArray
    D_r: FloatArray
    D: FloatArray


class Scratch(NamedTuple):
    """Room for the kernels, which allocate nothing: each for every zone or face, or for every group."""

    volume: FloatArray
    gas: FloatArray
    cosmic: FloatArray
    viscous: FloatArray
    half_r: FloatArray
    old_u: FloatArray
    upper: FloatArray
    solution: FloatArray
    groups: FloatArray


def scratch_for(zones: int, groups: int) -> Scratch:
    """Room for so many zones and groups."""
    a, b, c, d, e, f = (np.zeros(zones + 1) for _ in range(6))
    upper, solution = np.zeros((zones + 1, groups)), np.zeros((zones + 1, groups))
    return Scratch(a, b, c, d, e, f, upper, solution, np.zeros((5, groups)))


@kernel
def area_of(physics, r):
    return 4.0 * math.pi * r * r if physics.dimensions == 3 else 1.0


@kernel
def volume_within(physics, r):
    return 4.0 / 3.0 * math.pi * r * r * r if physics.dimensions == 3 else r


@kernel
def find_volumes(state, physics, scratch, n):
    """Of the cavity (row 0) and of all zones."""
    scratch.volume[0] = volume_within(physics, state.r[0])
    for i in range(1, n + 1):
        outer, inner = volume_within(physics, state.r[i]), volume_within(physics, state.r[i - 1])
        scratch.volume[i] = outer - inner
