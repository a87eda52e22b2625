"""The flow of waves that leave the disc: its divergence is that of its velocity."""

import numpy as np
import pytest
from crhalo.fields.exceptions import UserError
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.waves import streaming
from crhalo.fields.waves.flow import TURN_KPC

GALAXIES = (Galaxy(halo="constant", bell=False, waves_move=True), Galaxy(waves_move=True))


def numerical_divergence(galaxy, R, z, h=1e-4):
    def u(R, z):
        return np.array(galaxy.halo_flow(R, z))

    along_R = ((R + h) * u(R + h, z)[0] - (R - h) * u(R - h, z)[0]) / (2 * h * R)
    return along_R + (u(R, z + h)[1] - u(R, z - h)[1]) / (2 * h)


@pytest.mark.parametrize("galaxy", GALAXIES, ids=("constant", "exponential"))
def test_divergence_is_that_of_the_velocity(galaxy):
    R, z = np.array([1.0, 5.0, 5.0, 9.0, 12.0, 12.0, 15.0]), np.array([2.0, 0.006, 0.1, 4.0, 0.5, 3.0, 1.0])
    np.testing.assert_allclose(
        galaxy.halo_flow_divergence_Myr(R, z), numerical_divergence(galaxy, R, z), rtol=1e-5, atol=1e-8
    )


def test_it_leaves_at_the_local_alfven_speed_away_from_the_disc():
    constant, falling = GALAXIES
    v_A = float(streaming.alfven_speed_kpc_Myr(3.0, 0.01))
    assert constant.halo_flow(20.0, 1.0) == (0.0, pytest.approx(v_A))
    assert falling.halo_flow(3.0, 4.0) == (0.0, pytest.approx(v_A * np.exp(-2.0)))
    u_R, u_z = falling.halo_flow(13.0, 4.0)
    assert (u_R, u_z) == pytest.approx((0.6 * v_A * np.exp(-2.5), 0.8 * v_A * np.exp(-2.5)))


def test_the_two_sides_stream_apart_by_twice_the_speed():
    """Between the nodes of the table too: the trapezoids of div u give all of the jump."""
    constant, _ = GALAXIES
    z = constant.axes()[1].nodes[:9]
    div = constant.halo_flow_divergence_Myr(0.0 * z, z)
    jump = ((div[1:] + div[:-1]) * np.diff(z) / 2.0).sum()
    assert z[-1] > TURN_KPC and jump == pytest.approx(float(constant.halo_flow(0.0, 1.0)[1]), rel=1e-9)


@pytest.mark.parametrize(
    "given, said",
    [
        ({"n_i_cm3": 1e-8}, "n_i = 1e-08 cm-3: waves move at 0.22 c"),
        ({"B0_uG": 0.001, "n_i_cm3": 1000.0}, "n_i = 1000 cm-3: waves stand still at |z| = 0 kpc"),
    ],
)
def test_waves_that_are_too_fast_or_stand_still_are_refused_in_one_line(given, said):
    with pytest.raises(UserError) as refused:
        Galaxy(halo="constant", bell=False, waves_move=True, **given).medium()
    assert said in str(refused.value) and "allowed:" in str(refused.value) and "\n" not in str(refused.value)
