"""Constants against astropy, and the conversion of quantities with units."""

import numpy as np
import pytest
from astropy import constants as const
from astropy import units as u
from crhalo.fields import units

LITERALS = {
    "KPC_CM": u.kpc.to("cm"),
    "MYR_S": u.Myr.to("s"),
    "MYR_YR": u.Myr.to("yr"),
    "GEV_ERG": u.GeV.to("erg"),
    "EV_ERG": u.eV.to("erg"),
    "MBARN_CM2": u.mbarn.to("cm2"),
    "C_CM_S": const.c.to_value("cm/s"),
    "C_KPC_MYR": const.c.to_value("kpc/Myr"),
    "M_P_GEV": (const.m_p * const.c**2).to_value("GeV"),
    "M_P_G": const.m_p.to_value("g"),
    "M_SUN_G": const.M_sun.to_value("g"),
    "K_B_ERG_K": const.k_B.to_value("erg/K"),
    "E_ESU": const.e.esu.value,
    "LARMOR_KPC": (1 * u.GeV / (const.e.si * const.c * 1e-10 * u.T)).to_value("kpc"),
    "KPC_MYR_CM_S": (u.kpc / u.Myr).to("cm/s"),
    "KPC_MYR_KM_S": (u.kpc / u.Myr).to("km/s"),
    "KPC2_MYR_CM2_S": (u.kpc**2 / u.Myr).to("cm2/s"),
    "UG_GAUSS": u.uG.to("G"),
}


@pytest.mark.parametrize("name", LITERALS)
def test_constant_is_that_of_astropy(name):
    # the proton mass depends on the CODATA release (2018 or 2022) that astropy carries
    tolerance = 1e-9 if name.startswith("M_P") else 1e-13
    assert getattr(units, name) == pytest.approx(LITERALS[name], rel=tolerance)


def test_every_constant_is_tested():
    floats = {name for name, value in vars(units).items() if name.isupper() and isinstance(value, float)}
    assert floats == set(LITERALS)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("10 kpc", "kpc", 10.0),
        ("30 pc", "kpc", 0.03),
        ("10 Gyr", "Myr", 1e4),
        ("1 PeV", "GeV", 1e6),
        ("3 uG", "uG", 3.0),
        ("2.2e-8 G", "uG", 0.022),
        ("0.01 cm-3", "cm-3", 0.01),
        ("1e6 K", "K", 1e6),
        ("1e41 erg/s", "erg/s", 1e41),
        ("1e34 W", "erg/s", 1e41),
        ("3e6 cm/s", "kpc/Myr", 3e6 / 9.7779222e7),
        ("6e27 cm2/s", "kpc2/Myr", 6e27 * 3.15576e13 / 3.0856776e21**2),
        ("5 g/cm2", "g/cm2", 5.0),
    ],
)
def test_to_internal(text, unit, value):
    assert units.to_internal(text, unit) == pytest.approx(value, rel=1e-6)
    assert units.to_internal(u.Quantity(text), unit) == units.to_internal(text, unit)


@pytest.mark.parametrize(
    "value",
    [
        *(3.0, None, True, "", "10", "10 parsnips", "3 K", "nan kpc", "inf kpc", "[1, 2] kpc", "10 kpc; 2"),
        *("k" * 999, [1, 2] * u.kpc, 3 * u.K),
    ],
    ids=str,
)
def test_to_internal_refuses_and_says_what_it_wants(value):
    with pytest.raises(ValueError, match="a length, as '10 kpc'"):
        units.to_internal(value, "kpc")


def test_to_internal_names_the_units_that_exist():
    with pytest.raises(ValueError, match=r"'pc'.*kpc, Myr, GeV"):
        units.to_internal("10 kpc", "pc")


def test_energy_momentum_and_speed():
    E = np.array([units.M_P_GEV, 1.0, 10.0, 1e6])
    p = units.momentum_GeV(E)
    np.testing.assert_allclose(units.total_energy_GeV(p), E, rtol=1e-14)
    np.testing.assert_allclose(units.speed_kpc_Myr(p), units.C_KPC_MYR * p / E, rtol=1e-14)
    assert p[0] == 0 and units.speed_kpc_Myr(0.0) == 0
    slow = 1e-4 * units.M_P_GEV
    assert units.speed_kpc_Myr(slow) == pytest.approx(1e-4 * units.C_KPC_MYR, rel=1e-7)
