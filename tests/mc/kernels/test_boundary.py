"""Steps that touch the wall: how often they meet it, and that they leave the medium well mixed."""

import math

import numba
import numpy as np
import pytest
from crhalo.fields.table import Wall
from crhalo.fields.units import C_KPC_MYR
from crhalo.mc.kernels.boundary import at_angle, bounce, bounce_time, mirrored
from crhalo.mc.kernels.lookup import surface_normal
from crhalo.mc.kernels.move import move
from crhalo.mc.kernels.particle import at, turned
from crhalo.mc.kernels.rng import uniform4
from crhalo.scenarios.validation.cases import Slab

H, LN_P = 1.5, math.log(1e4)


@numba.njit
def wander(table, particles, t_max):
    """(meetings, share of the time in the outer third) of each particle of a closed slab."""
    meetings, outer = np.zeros(particles), np.zeros(particles)
    for i in range(particles):
        z = H * (2.0 * (i + 0.5) / particles - 1.0)
        q = at(table, False, 0.0, 0.0, z, 0.0, 0.6, 0.8, LN_P, C_KPC_MYR)
        clock, draw = 0.0, 0
        while clock < t_max:
            u0, u1, u2, u3 = uniform4(1, 2, i, 0, 0, draw)
            v0, v1, v2, _ = uniform4(1, 2, i, 0, 1, draw)
            draw += 1
            dt = bounce_time(table, q, t_max - clock)
            before = abs(q.z)
            if dt > 0.0:
                q, met = bounce(table, q, dt, u0, u1, u2, u3, v0, v1, v2)
                meetings[i] += met
            else:
                q, dt, on_surface = move(table, True, False, q, t_max - clock, u0, u1, u2, u3)
                if on_surface:
                    meetings[i] += 1.0
                    n = surface_normal(table, q.x, q.y, q.z)
                    q = turned(q, *mirrored(q, *n), q.ln_p)
            if before > 2.0 / 3.0 * H:
                outer[i] += dt / t_max
            clock += dt
    return meetings, outer


@pytest.mark.parametrize("free_path_at_wall", [0.005, 0.06])
def test_meetings_come_at_the_rate_of_an_isotropic_gas(free_path_at_wall):
    slab = Slab(H, lambda z: free_path_at_wall * np.exp(z - H), Wall.CLOSED)
    table = slab.medium().table
    slowest = free_path_at_wall * math.exp(-H) * C_KPC_MYR / 3
    t_max, particles = 6 * H**2 / slowest, 600
    meetings, outer = wander(table, particles, t_max)
    # Density 1/(2 H) a particle at either wall, met at v/4 of it.
    rate = meetings / (t_max * C_KPC_MYR / (4 * H))
    for values, expected, bias in ((rate, 1.0, 0.01), (3 * outer, 1.0, 0.01)):
        error = values.std() / math.sqrt(particles)
        assert error < 0.01
        assert abs(values.mean() - expected) < bias + 3 * error


def test_a_step_stays_within_the_wall():
    table = Slab(H, lambda z: 0.01 + 0.0 * z, Wall.CLOSED).medium().table
    for draw in range(300):
        u = uniform4(3, 2, 0, 0, 0, draw)
        v = uniform4(3, 2, 0, 0, 1, draw)
        q = at(table, False, 0.0, 0.0, -H + 0.02 * v[3], 0.0, 0.6, -0.8, LN_P, C_KPC_MYR)
        q, met = bounce(table, q, bounce_time(table, q, 1e9), *u, *v[:3])
        assert abs(q.z) <= H and q.distance <= 0 and met >= 0
        assert q.dir_x**2 + q.dir_y**2 + q.dir_z**2 == pytest.approx(1)


def test_no_step_touches_the_wall_where_it_must_be_flown_to():
    table = Slab(H, lambda z: 0.3 + 0.0 * z, Wall.CLOSED).medium().table
    q = at(table, False, 0.0, 0.0, H - 0.01, 0.0, 0.6, 0.8, LN_P, C_KPC_MYR)
    assert bounce_time(table, q, 1e9) == 0.0


def test_at_angle_is_a_unit_vector_at_that_angle():
    for n in ((0.0, 0.0, 1.0), (0.6, 0.0, -0.8), (-0.48, 0.64, 0.6)):
        for cosine in (-1.0, -0.2, 0.9):
            e = at_angle(*n, cosine, 0.3)
            assert np.linalg.norm(e) == pytest.approx(1) and np.dot(e, n) == pytest.approx(cosine)
