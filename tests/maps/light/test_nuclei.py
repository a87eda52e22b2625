"""Cross sections of nuclei and B/C of a grammage."""

import numpy as np
import pytest
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import Wall, axis
from crhalo.fields.units import C_KPC_MYR, KPC_CM, M_P_G
from crhalo.maps.light import nuclei
from crhalo.maps.light.nuclei import NUCLEI, made_mb, network, of_elements, weighted_slab
from crhalo.mc.diffusion.finite_volumes import Cells
from crhalo.mc.diffusion.nuclei import solve_nuclei

BY_NAME = {nucleus.name: nucleus for nucleus in NUCLEI}
EDGES = np.geomspace(5.0, 2000.0, 27)


def test_inelastic_cross_sections():
    """Letaw et al.: 252 mb of 12C; helium above 2 GeV about 100."""
    assert nuclei.destroyed_mb(BY_NAME["C12"], 10.0) == pytest.approx(252, rel=0.03)
    assert nuclei.destroyed_mb(BY_NAME["He"], 10.0) == pytest.approx(96, rel=0.05)


def test_a_nucleus_breaks_into_less_than_all_of_it():
    for parent in NUCLEI[:-1]:
        whole = nuclei.destroyed_mb(parent, 10.0)
        parts = sum(made_mb(parent.name, each.name, 10.0) * each.A for each in NUCLEI if each.A < parent.A)
        assert parts < whole * parent.A, parent.name


def test_cross_sections_are_those_of_the_table_between_its_energies_and_beyond():
    assert made_mb("C12", "B11", 10.0) == 56.88 == made_mb("C12", "B11", 1e4)
    assert made_mb("C12", "B10", np.sqrt(2.113 * 4.217)) == pytest.approx((17.79 + 15.40) / 2)
    assert made_mb("B11", "C12", 10.0) == 0.0


def test_measured_channels():
    """Webber et al. 1990 at 0.5 GeV per nucleon: 17.5 mb of 11B and 11.7 of 11C from 14N, and others."""
    assert made_mb("N14", "B11", 10.0) == pytest.approx(17.5 + 11.7, rel=0.1)
    assert made_mb("O", "B11", 10.0) == pytest.approx(15.6 + 11.9, rel=0.1)
    assert made_mb("O", "B10", 10.0) == pytest.approx(9.6 + 1.6, rel=0.1)


def test_helium_counts_for_more_than_one_and_less_than_four():
    for parent in NUCLEI[:9]:
        assert 1.6 < nuclei.helium_over_hydrogen(parent) < 1.9
        assert 1.0 < nuclei.helium_over_hydrogen(parent, BY_NAME["B11"]) < 3.0
    assert nuclei.helium_over_hydrogen(BY_NAME["C12"], BY_NAME["B11"]) == pytest.approx(1.29, abs=0.01)


def test_the_network_has_every_channel_and_helium_adds_a_tenth():
    of, bare = network(EDGES), network(EDGES, helium=0.0)
    assert of.made_mb.shape == (26, 15, 15) and np.all(of.made_mb >= bare.made_mb)
    i, j = of.names.index("B11"), of.names.index("C12")
    assert of.made_mb[-1, i, j] / bare.made_mb[-1, i, j] == pytest.approx(1.124, abs=0.005)
    sums = of_elements(of.destroyed_mb)
    np.testing.assert_allclose(
        sums["C"], of.destroyed_mb[:, [of.names.index("C12"), of.names.index("C13")]].sum(1)
    )


def test_parents_near_the_earth():
    found = nuclei.parents_over_carbon([10.0, 1e4])
    assert found["C"] == pytest.approx(1.0) and found["O"][0] == pytest.approx(1 / 1.042, rel=0.01)
    assert found["N"][0] == pytest.approx(0.26, rel=0.02) and found["N"][1] < 0.15


def test_weighted_slab_in_its_limits():
    thin = weighted_slab(1e-4, 100.0, parents=("C",), helium=0.0, slope=1.0) / 1e-4
    made = 0.93 * (56.88 + 15.4) + 0.07 * (31.7 + 9.0)
    assert thin == pytest.approx(made * 5.979e-4, rel=1e-3)
    assert weighted_slab(1e5, 100.0) < 2.0


def test_what_counts_for_boron():
    """Ne to Fe make 10% of it, helium 9%; 11B has 1.1 times the rigidity of its parent: 12%."""
    bare = weighted_slab(2.0, 100.0, parents=("C", "N", "O"), helium=0.0, slope=1.0)
    heavy = weighted_slab(2.0, 100.0, helium=0.0, slope=1.0)
    helium = weighted_slab(2.0, 100.0, slope=1.0)
    assert heavy / bare == pytest.approx(1.10, abs=0.02)
    assert helium / heavy == pytest.approx(1.085, abs=0.02)
    assert weighted_slab(2.0, 100.0) / helium == pytest.approx(1.12, abs=0.02)


def test_mass_of_hydrogen_and_helium_that_makes_the_measured_ratio():
    X, known = np.array([8.17, 2.28, 1.13]), np.array([0.284, 0.129, 0.073])
    made = weighted_slab(X / 1.384, np.array([10.0, 100.0, 1000.0]))
    np.testing.assert_allclose(made[1:], known[1:], rtol=0.05)
    # 7.5% too much at 10 GV, less than the cross sections are known to.
    assert made[0] == pytest.approx(known[0], rel=0.1)


def test_the_chain_makes_the_boron_of_the_weighted_slab():
    """In a leaky box of 1.65 g/cm^2 of hydrogen, with sources that make AMS-02's parents."""
    D, H = 1.0, 2.0
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: D + 0.0 * p * R * z,
        surface=lambda R, z: z - H + 0.0 * R,
        R_axis=axis((20.0, 0.5)),
        z_axis=axis((4.0, 0.25)),
        r_max_kpc=100.0,
        wall=Wall.ABSORBING,
    )
    box = Cells(medium, np.array([0.0, 1.0]), np.array([0.0, H]))
    gas = 1.65 / (M_P_G * KPC_CM * C_KPC_MYR * H**2 / (2.0 * D))
    of = network(np.geomspace(20.0, 500.0, 15))
    R, at = of.rigidity_GV, 7
    injected = {"C12": 0.90, "N14": 0.055, "O": 1.12, "Ne": 0.165, "Mg": 0.21, "Si": 0.21, "Fe": 0.23}
    rates = R[:, None] ** -1.7 * np.array([injected.get(name, 0.0) for name in of.names])
    n = of_elements(solve_nuclei(box, of, rates, box.shares(1.0), np.array([gas]))[:, :, 0])
    for name, known in nuclei.parents_over_carbon(R[at]).items():
        assert (n[name] / n["C"])[at] == pytest.approx(known, rel=0.1), name
    assert (n["B"] / n["C"])[at] == pytest.approx(weighted_slab(1.65, R[at]), rel=0.05)
