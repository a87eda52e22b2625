"""Discs of gas: columns and masses of McMillan (2017)."""

import numpy as np
import pytest
from crhalo.fields.disc.gas import ATOMIC, MOLECULAR, mcmillan_density_cm3
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.gas_density import MASS_PER_HYDROGEN
from crhalo.fields.units import KPC_CM, M_P_G
from scipy.integrate import quad

SUN_R_KPC = 8.178


def test_masses_are_those_of_the_paper():
    def mass(disc):
        return quad(lambda R: 2e6 * np.pi * R * disc.column_Msun_pc2(R), 0.0, 100.0, limit=200)[0]

    assert mass(ATOMIC) == pytest.approx(1.1e10, rel=0.03)
    assert mass(MOLECULAR) == pytest.approx(1.2e9, rel=0.05)


def test_columns_at_the_sun():
    columns = ATOMIC.column_Msun_pc2(SUN_R_KPC), MOLECULAR.column_Msun_pc2(SUN_R_KPC)
    assert sum(columns) == pytest.approx(12.3, rel=0.01)
    through = quad(lambda z: 2.0 * mcmillan_density_cm3(SUN_R_KPC, z), 0.0, 3.0)[0] * KPC_CM * M_P_G
    assert through == pytest.approx(1.85e-3, rel=0.01)
    assert through * MASS_PER_HYDROGEN == pytest.approx(2.57e-3, rel=0.01)


def test_the_table_holds_the_column():
    medium = Galaxy(gas="mcmillan", halo="constant", bell=False, R_d_kpc=15.0).medium()
    z = np.linspace(0.0, 3.0, 30_001)
    tabulated = 2.0 * np.trapezoid(medium.gas_density_cm3(np.full_like(z, SUN_R_KPC), z)[:, 0], z)
    exact = 2.0 * quad(lambda z: mcmillan_density_cm3(SUN_R_KPC, z), 0.0, 3.0)[0]
    assert tabulated == pytest.approx(exact, rel=0.005)
