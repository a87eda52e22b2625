"""What orbits through a galaxy are said to cost, and what is refused."""

import re

import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.turbulence.of_galaxy import galactic_turbulence
from crhalo.fields.units import C_KPC_MYR, LARMOR_KPC
from crhalo.mc.blocks import Transport
from crhalo.mc.engine import run
from crhalo.mc.orbits.galactic_cost import galactic_cost, refusal_in_galaxy
from crhalo.mc.tally import TallyGrid


def tube(F=3e-3, H=1.0):
    """A tube with waves of a given power."""

    def diffusion(p, R, z):
        B = 3.0 * np.exp(-z / 2.0) * np.hypot(1.0, 0.25 * R)
        return LARMOR_KPC * p / B * C_KPC_MYR / (3.0 * F)

    return Galaxy(field="tube", halo="constant", H_kpc=H, bell=False, diffusion=diffusion, r_max_kpc=20.0)


def cost(galaxy, energy_GeV=1e7, particles=16, R_d_kpc=0.1):
    return galactic_cost(galaxy, galaxy.medium(), energy_GeV, particles, R_d_kpc, 1e4)


def test_the_cost_is_that_of_a_run():
    galaxy = tube(F=0.1)
    medium = galaxy.medium()
    expected = galactic_cost(galaxy, medium, 1e7, 64, 0.1, 1e4)
    assert refusal_in_galaxy([expected]) == ""
    wide, E = np.array([0.0, 20.0]), 1e7 * np.array([0.99, 1.01])
    turbulence = galactic_turbulence(galaxy, medium, (E[0], E[1]))
    transport = Transport(64, 1, "orbit", 1, R_d_kpc=0.1, turbulence=turbulence)
    result = run(medium, TallyGrid(E, wide, wide, wide, wide), transport, threads=2)
    # D of isotropic waves is about twice that of the formula.
    assert expected.steps / 4.0 < result.steps < 2.0 * expected.steps


def test_steps_go_as_one_over_the_square_of_r_L_where_diffusion_rules():
    one, other = cost(tube(F=0.1), 1e6), cost(tube(F=0.1), 1e5)
    assert other.steps / one.steps == pytest.approx(100.0, rel=0.2)


@pytest.mark.parametrize(
    "says, galaxy, energy_GeV, particles",
    [
        ("the waves in resonance, .* are longer than the field at z = ", tube(H=8.0), 1e9, 16),
        ("the resonances of waves at z = 0.* kpc do not overlap", tube(F=1e-9), 1e6, 16),
        ("steps take .* core hours, .*allowed: at most 2 core hours", tube(F=0.1), 1e4, 10_000),
    ],
)
def test_what_cannot_be_right_or_takes_too_long_is_refused(says, galaxy, energy_GeV, particles):
    assert re.search(says, refusal_in_galaxy([cost(galaxy, energy_GeV, particles)]))


def test_lines_that_do_not_leave_are_refused():
    circles = Galaxy(field="azimuthal", epsilon=0.01)
    with pytest.raises(UserError, match=r"its line from R = 0\.05 kpc does not leave the disc"):
        cost(circles)
