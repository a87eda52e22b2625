"""Guiding centres: the same bits however they are followed; who stays on circles, and drifts off them."""

import hashlib

import numpy as np
import pytest
from crhalo.fields.field_lines import FieldLines
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import axis
from crhalo.fields.units import LARMOR_KPC
from crhalo.mc.blocks import Transport
from crhalo.mc.engine import run
from crhalo.mc.kernels.arithmetic.vector import Vector
from crhalo.mc.kernels.line import drift_of
from crhalo.mc.kernels.particle import at, speed_of
from crhalo.mc.tally import TallyGrid, energy_groups, galactic_grid


def test_threads_do_not_change_a_bit():
    galaxy = Galaxy(field="x-shaped", epsilon=0.01, drifts=True)
    medium, grid = galaxy.medium(), galactic_grid(energy_groups(1e5, 1e6), galaxy)

    def digest(threads):
        result = run(medium, grid, Transport(64, t_max_Myr=30.0), threads=threads)
        sha = hashlib.sha256()
        for name in sorted(result.tallies):
            sha.update(name.encode() + result.tallies[name].tobytes())
        assert result.counters["lost"] == 0
        return sha.hexdigest()

    assert digest(1) == digest(2)


def circles(B_uG=1.0, z_B_kpc=2.0, drifts=False):
    """A slab in which the field goes round the axis."""

    def field(R, z):
        return 0.0 * R * z, B_uG * np.exp(-z / z_B_kpc) + 0.0 * R, 0.0 * R * z

    return Medium.tabulate(
        diffusion_halo=lambda p, R, z: 0.3 + 0.0 * p * R * z,
        surface=lambda R, z: z - 2.0 + 0.0 * R,
        R_axis=axis((20.0, 0.25)),
        z_axis=axis((2.0, 0.05), (8.0, 1.0)),
        r_max_kpc=30.0,
        lines=FieldLines(field, drifts=drifts),
    )


@pytest.mark.parametrize("drifts", [False, True])
def test_nobody_leaves_along_circles_but_by_drifts(drifts):
    wide, height = np.array([0.0, 40.0]), np.array([0.0, 2.0])
    grid = TallyGrid(np.array([0.9e6, 1e6, 1.1e6]), wide, height, wide, height)
    result = run(circles(drifts=drifts), grid, Transport(64, t_max_Myr=3e4, R_d_kpc=8.0))
    assert (result.counters["absorbed"] > 0) == drifts
    assert result.counters["alive"] + result.counters["absorbed"] == 64


def test_the_drift_is_that_of_curvature_and_gradient():
    """(p v/3 e) curl(b/B) = (v r_L/3) (1/z_B away from the axis with 1/B, 1/R up)."""
    medium, ln_p = circles(drifts=True), float(np.log(1e6))
    direction = Vector(1.0, 0.0, 0.0)
    R, z = 5.1, 0.52
    particle = at(medium.table, False, R, 0.0, z, direction, ln_p, speed_of(ln_p))
    v_R, v_z = drift_of(medium.table, particle, R, z)
    r_L = LARMOR_KPC * 1e6 / np.exp(-z / 2.0)
    assert v_R == pytest.approx(-particle.speed * r_L / 3.0 / 2.0, rel=0.01)
    assert v_z == pytest.approx(particle.speed * r_L / 3.0 / R, rel=0.01)
