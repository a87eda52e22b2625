"""Theory of diffusion in given turbulence, against the closed forms that it has."""

import numpy as np
import pytest
from crhalo.fields.turbulence.scattering import (
    KOLMOGOROV_D,
    KOLMOGOROV_WAVELENGTHS,
    bohm_D,
    broadened_D,
    expected_D,
    isotropic_pitch_angle_D,
    pitch_angle_D,
    power_law_D,
    quasi_linear_D,
    resonant_D,
    small_angle_D,
)
from crhalo.fields.turbulence.synthetic import Turbulence, kolmogorov, scale_invariant
from crhalo.fields.units import C_KPC_MYR, LARMOR_KPC, speed_kpc_Myr

# r_L = 1 kpc in 1 uG, resonant far inside the range of waves.
P_GEV = 1.0 / LARMOR_KPC


def slab(power):
    return Turbulence(power, (1e-9, 1e9), 10, 0.1, 1.0, "slab")


def test_quasi_linear_over_resonant():
    # The two factors of flat power and of Kolmogorov's.
    for power, factor in ((scale_invariant, 2 / np.pi), (kolmogorov, 54 / (7 * np.pi))):
        ratio = quasi_linear_D(slab(power), P_GEV) / resonant_D(slab(power), P_GEV)
        assert ratio == pytest.approx(factor, rel=1e-3)


def test_quasi_linear_is_the_integral_over_pitch_angles():
    turbulence = slab(kolmogorov)
    t = (np.arange(400) + 0.5) / 400
    mu = t**3
    D_mumu = pitch_angle_D(turbulence, P_GEV, mu)
    v = speed_kpc_Myr(P_GEV)
    expected = v**2 / 8 * 2 * np.mean(3 * t**2 * (1 - mu**2) ** 2 / D_mumu)
    assert quasi_linear_D(turbulence, P_GEV) == pytest.approx(expected, rel=1e-3)


def test_waves_in_all_directions_scatter_less_than_slab_waves():
    """Flat power: 2/3 of slab waves along the field, int_1^inf (1 + x^-2)/2 dx/x^2, and as |mu| across it."""
    turbulence = Turbulence(scale_invariant, (2e-3 * np.pi, 2e2 * np.pi), 10, 0.01, 1.0)
    mu = np.array([1.0 - 1e-6, 0.5, 0.2, 0.1])
    ratio = isotropic_pitch_angle_D(turbulence, P_GEV, mu) / pitch_angle_D(turbulence, P_GEV, mu)
    assert ratio[0] == pytest.approx(2.0 / 3.0, rel=0.01)
    assert ratio[2] / ratio[3] == pytest.approx(2.0, rel=0.1)
    assert np.all(np.diff(ratio) < 0.0)


def test_broadened_d_grows_as_waves_get_weaker():
    """In r_L v/F, and by the logarithm of the width of resonances; no waves that resonate, no scattering."""

    def D(rms):
        turbulence = Turbulence(scale_invariant, (2e-3 * np.pi, 2e2 * np.pi), 10, rms, 1.0)
        return broadened_D(turbulence, P_GEV) / resonant_D(turbulence, P_GEV)

    weaker, weak, strong = D(0.01), D(0.04), D(0.16)
    assert weaker > weak > strong > 1.0
    assert weaker - weak == pytest.approx(weak - strong, rel=0.2)
    long = Turbulence(scale_invariant, (20 * np.pi, 200 * np.pi), 10, 0.01, 1.0)
    assert np.isinf(broadened_D(long, P_GEV))


def test_a_power_law_bends_at_its_break_and_grows_above_the_disc():
    law = {
        "D0_kpc2_Myr": 0.2, "R0_GV": 10.0, "delta": 0.5, "R_break_GV": 300.0, "delta_high": 0.3,
        "smoothness": 0.04, "eta": 1.0,
    }  # fmt: skip
    R = np.array([10.0, 100.0, 3e3, 3e4])
    D = power_law_D(R, 0.0, **law) * C_KPC_MYR / speed_kpc_Myr(R)
    assert D[0] == pytest.approx(0.2, rel=1e-4)
    assert D[1] / D[0] == pytest.approx(10.0**0.5, rel=1e-2) and D[3] / D[2] == pytest.approx(
        10.0**0.3, rel=1e-3
    )
    # Far above the break D is that of the lower slope up to it, and of the higher one beyond.
    assert D[3] == pytest.approx(0.2 * 30.0**0.5 * 100.0**0.3, rel=1e-3)
    # At the break the two slopes meet, rounded by 2^smoothness.
    at = power_law_D(300.0, 0.0, **law) * C_KPC_MYR / speed_kpc_Myr(300.0)
    assert at == pytest.approx(0.2 * 30.0**0.5 * 2.0**-0.04)
    above = power_law_D(R, 3.0, **law, scale_kpc=1.5) / power_law_D(R, 0.0, **law)
    assert above == pytest.approx(np.exp(2.0))
    slow = power_law_D(0.5, 0.0, **law | {"eta": -1.0}) / power_law_D(0.5, 0.0, **law)
    assert slow == pytest.approx((speed_kpc_Myr(0.5) / C_KPC_MYR) ** -2.0)


def test_quasi_linear_needs_a_mean_field():
    with pytest.raises(ValueError, match="mean field"):
        quasi_linear_D(Turbulence(kolmogorov, (1e-3, 1.0), 10, 1.0), 1e6)


def test_power_adds_up_to_the_field():
    for mean in (0.0, 2.0):
        turbulence = Turbulence(kolmogorov, (1e-3, 1.0), 10, 3.0, mean)
        x = np.linspace(*np.log(turbulence.k_range_kpc), 20_001)
        assert np.trapezoid(turbulence.F(np.exp(x)), x) == pytest.approx((3.0 / (mean or 3.0)) ** 2, rel=1e-4)


def test_no_resonance_no_answer():
    turbulence = Turbulence(kolmogorov, (1e-3, 1.0), 10, 1.0)
    assert np.isinf(resonant_D(turbulence, P_GEV)) and np.isfinite(bohm_D(turbulence, P_GEV))


def test_estimate_is_near_the_published_curve():
    turbulence = Turbulence(kolmogorov, KOLMOGOROV_WAVELENGTHS, 10, 1.0)
    l_c = turbulence.correlation_length_kpc
    for over, D in KOLMOGOROV_D.items():
        p = over * l_c / LARMOR_KPC
        assert expected_D(turbulence, p) / C_KPC_MYR == pytest.approx(D, rel=0.2)
    assert small_angle_D(turbulence, p) / C_KPC_MYR == pytest.approx(2 / 3 * (5 * l_c) ** 2 / l_c, rel=1e-6)
