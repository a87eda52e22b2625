"""A leaky box: how long particles stay, and that all that comes in leaves, decays or is destroyed."""

import numpy as np
import pytest
from crhalo.fields.units import KPC_CM, M_P_G, speed_kpc_Myr
from crhalo.mc.diffusion.leaky_box import Box
from crhalo.mc.diffusion.nuclei import Nucleus
from crhalo.mc.diffusion.species import centres, steady_spectrum

EDGES = np.geomspace(2.0, 200.0, 21)
CARBON = Nucleus.of("C", 6, 12)


def falling(R):
    return 5.0 * (np.asarray(R) / 10.0) ** -0.5


def test_residence_is_grammage_over_gas_and_speed():
    box, R = Box(falling, 0.3), centres(EDGES)
    v = CARBON.speed_kpc_Myr(R)
    crossed = M_P_G * 0.3 * v * box.residence_Myr(CARBON, R) * KPC_CM
    np.testing.assert_allclose(crossed, falling(R))


def test_the_operator_is_the_volume_over_the_residence():
    box = Box(falling, 0.3, 7.0)
    speed = float(CARBON.speed_kpc_Myr(4.0) / speed_kpc_Myr(4.0))
    time = float(box.residence_Myr(CARBON, 4.0))
    assert box.operator(4.0, speed).toarray() == pytest.approx(7.0 / time)


def test_what_is_neither_destroyed_nor_decays_leaves_as_it_came():
    made = centres(EDGES)[:, None] ** -1.7
    for grammage in (falling, lambda R: 0.0 * np.asarray(R)):
        box = Box(grammage, 0.3, 7.0)
        n = steady_spectrum(box, CARBON, EDGES, made, 0.0)[:, 0]
        np.testing.assert_allclose(box.leaving_Myr(CARBON, EDGES, n), made[:, 0], rtol=1e-12)


def test_what_is_destroyed_does_not_leave():
    box, made = Box(falling, 0.3), np.ones((20, 1))
    n = steady_spectrum(box, CARBON, EDGES, made, 2.0)[:, 0]
    left = box.leaving_Myr(CARBON, EDGES, n)
    np.testing.assert_allclose(left, 1.0 / (1.0 + 2.0 * box.residence_Myr(CARBON, centres(EDGES))))
