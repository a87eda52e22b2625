"""Steps that touch the wall: how often they meet it, and that they leave the medium well mixed."""

import math

import numba
import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.medium_table import Wall
from crhalo.fields.units import C_KPC_MYR
from crhalo.mc.kernels.albedo import MEAN_ENTRY_DEPTH
from crhalo.mc.kernels.arithmetic.vector import Vector
from crhalo.mc.kernels.boundary import (
    at_angle,
    boundary_layer,
    enter_one_way,
    mirrored,
    one_way_time,
    reflected_step,
    reflected_step_time,
)
from crhalo.mc.kernels.lookup import surface_normal
from crhalo.mc.kernels.move import local_scale, move
from crhalo.mc.kernels.particle import at, direction_of, turned
from crhalo.mc.kernels.rng import uniform4
from crhalo.mc.kernels.splitting import _encounters_of
from crhalo.mc.wall_sampling import wall_on_axis_kpc
from crhalo.scenarios.validation.tools import Slab

H, LN_P = 1.5, math.log(1e4)
UP, DOWN = Vector(0.0, 0.6, 0.8), Vector(0.0, 0.6, -0.8)


@numba.njit
def wander(table, particles, t_max):
    """(encounters, share of the time in the outer third) of each particle of a closed slab."""
    encounters, outer = np.zeros(particles), np.zeros(particles)
    for i in range(particles):
        z = H * (2.0 * (i + 0.5) / particles - 1.0)
        particle = at(table, False, 0.0, 0.0, z, UP, LN_P, C_KPC_MYR)
        clock, draw = 0.0, 0
        while clock < t_max:
            u, v = uniform4(1, 2, i, 0, 0, draw), uniform4(1, 2, i, 0, 1, draw)
            draw += 1
            dt = reflected_step_time(table, particle, local_scale(table, False, particle), t_max - clock)
            before = abs(particle.z)
            if dt > 0.0:
                particle, met = reflected_step(table, particle, dt, u, v)
                encounters[i] += met
            else:
                particle, dt, on_surface = move(table, True, False, particle, t_max - clock, u)
                if on_surface:
                    encounters[i] += 1.0
                    normal = surface_normal(table, particle.x, particle.y, particle.z)
                    particle = turned(particle, mirrored(direction_of(particle), normal), particle.ln_p)
            if before > 2.0 / 3.0 * H:
                outer[i] += dt / t_max
            clock += dt
    return encounters, outer


@pytest.mark.parametrize("free_path_at_wall", [0.005, 0.06])
def test_encounters_come_at_the_rate_of_an_isotropic_gas(free_path_at_wall):
    slab = Slab(H, lambda z: free_path_at_wall * np.exp(z - H), Wall.CLOSED)
    table = slab.medium().table
    slowest = free_path_at_wall * math.exp(-H) * C_KPC_MYR / 3
    t_max, particles = 6 * H**2 / slowest, 600
    encounters, outer = wander(table, particles, t_max)
    # Density 1/(2 H) a particle at either wall, met at v/4 of it.
    rate = encounters / (t_max * C_KPC_MYR / (4 * H))
    for values, expected, bias in ((rate, 1.0, 0.01), (3 * outer, 1.0, 0.01)):
        error = values.std() / math.sqrt(particles)
        assert error < 0.01
        assert abs(values.mean() - expected) < bias + 3 * error


def test_a_step_stays_within_the_wall():
    table = Slab(H, lambda z: 0.01 + 0.0 * z, Wall.CLOSED).medium().table
    for draw in range(300):
        u = uniform4(3, 2, 0, 0, 0, draw)
        v = uniform4(3, 2, 0, 0, 1, draw)
        before = at(table, False, 0.0, 0.0, -H + 0.02 * v[3], DOWN, LN_P, C_KPC_MYR)
        after, met = reflected_step(
            table, before, reflected_step_time(table, before, local_scale(table, False, before), 1e9), u, v
        )
        assert abs(after.z) <= H and after.distance <= 0 and met >= 0
        assert np.linalg.norm(direction_of(after)) == pytest.approx(1)


def test_no_step_touches_the_wall_where_it_must_be_flown_to():
    table = Slab(H, lambda z: 0.3 + 0.0 * z, Wall.CLOSED).medium().table
    particle = at(table, False, 0.0, 0.0, H - 0.01, UP, LN_P, C_KPC_MYR)
    assert reflected_step_time(table, particle, local_scale(table, False, particle), 1e9) == 0.0


def test_at_angle_is_a_unit_vector_at_that_angle():
    for n in ((0.0, 0.0, 1.0), (0.6, 0.0, -0.8), (-0.48, 0.64, 0.6)):
        for cosine in (-1.0, -0.2, 0.9):
            e = at_angle(Vector(*n), cosine, 0.3)
            assert np.linalg.norm(e) == pytest.approx(1) and np.dot(e, n) == pytest.approx(cosine)


def test_a_layer_that_spreads_cools():
    """div u/3 for the time behind the wall, of encounters and at a one-way wall: 0.1-0.7% of p a capture."""
    galaxy = Galaxy()
    table = galaxy.medium().table
    z = wall_on_axis_kpc(galaxy.medium())
    particle = at(table, False, 0.0, 0.0, z, UP, math.log(1e2), C_KPC_MYR)
    layer, normal = boundary_layer(table, particle), surface_normal(table, 0.0, 0.0, z)
    assert layer.depth > 0.0
    divergence = float(galaxy.outflow_divergence_Myr(0.0, z))
    assert layer.divergence == pytest.approx(divergence, rel=0.02)
    met = _encounters_of(3.0, MEAN_ENTRY_DEPTH, 1.2, particle, normal, layer)
    assert met.cooling == pytest.approx(1.2 * layer.u_over_v + met.dwell * divergence / 3.0, rel=0.02)
    of_a_capture = met.number * met.dwell * divergence / 3.0 / met.captures
    assert 1e-3 < of_a_capture < 7e-3
    spread, still = (
        enter_one_way(table, particle, normal, each, 0.3, 0.1, 0.2)
        for each in (layer, layer._replace(divergence=0.0))
    )
    time = one_way_time(layer, C_KPC_MYR)
    assert still.ln_p - spread.ln_p == pytest.approx(time * layer.divergence / 3.0, rel=1e-6)
