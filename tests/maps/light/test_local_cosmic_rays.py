"""Cosmic rays at the Sun in a slab of one D, where everything is known."""

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u
from crhalo.fields.exceptions import UserError
from crhalo.fields.gas_density import HELIUM_PER_HYDROGEN
from crhalo.fields.medium import Medium
from crhalo.fields.medium_table import Wall, axis
from crhalo.fields.units import C_CM_S, C_KPC_MYR, KPC_CM, M_P_G, M_P_GEV, MBARN_CM2, MYR_S
from crhalo.maps.light import local_cosmic_rays as module
from crhalo.maps.light.antimatter import ANTIPROTON, CHANNELS, antiprotons_destroyed_mb
from crhalo.maps.light.local_cosmic_rays import LocalCosmicRays, Release
from crhalo.maps.light.nuclei import ELEMENTS, network, weighted_slab
from crhalo.maps.light.secondaries import _aafragpy
from crhalo.maps.light.sky import SUN_R_KPC
from crhalo.maps.light.starlight import STARLIGHT_EV_CM3
from crhalo.mc.diffusion import nuclei as chain
from crhalo.mc.diffusion.finite_volumes import Cells
from crhalo.mc.spectrum import Spectrum

# A ring whose middle is at the Sun.
R_KPC, H_KPC, LAYERS = 2.0 * SUN_R_KPC, 4.0, 40
THICK_KPC = H_KPC / LAYERS
EDGES = np.geomspace(1.0, 1e6, 61)
SPECTRUM = Spectrum(slope=2.3, E_max_GeV=1e7)
# Of which 1.65 g/cm^2 of hydrogen make the fluxes that AMS-02 has at 100 GV.
PARENTS = {"C12": 0.90, "N14": 0.055, "O": 1.12, "Ne": 0.165, "Mg": 0.21, "Si": 0.21, "Fe": 0.23}


def D_kpc2_Myr(rigidity_GV, scale=0.1):
    """As R^0.4, of particles at the speed of light."""
    return scale * (rigidity_GV / 100.0) ** 0.4


def slab(X_g_cm2=0.0, scale=0.1, everywhere=False):
    """A ring of a slab with gas in its lowest layer, of a grammage of X at 100 GV; or with gas everywhere."""
    medium = Medium.tabulate(
        diffusion_halo=lambda p, R, z: D_kpc2_Myr(p, scale) + 0.0 * R * z,
        surface=lambda R, z: z - H_KPC + 0.0 * R,
        R_axis=axis((20.0, 0.5)),
        z_axis=axis((8.0, 0.25)),
        r_max_kpc=100.0,
        wall=Wall.ABSORBING,
    )
    cells = Cells(medium, np.array([0.0, R_KPC]), np.linspace(0.0, H_KPC, LAYERS + 1))
    per_g_cm2 = D_kpc2_Myr(100.0, scale) / (THICK_KPC * C_KPC_MYR * (H_KPC - THICK_KPC / 2) * M_P_G * KPC_CM)
    gas = X_g_cm2 * per_g_cm2 * np.where(everywhere | (cells.z_kpc < THICK_KPC), 1.0, 0.0)
    cells.__dict__["gas_cm3"] = gas[:, None] * np.array([1.0, 0.0, 0.0])
    return cells


def released(shares=None, slope=2.3, grammage=0.0, spectrum=SPECTRUM):
    return Release(spectrum, shares or {}, slope, grammage, 1.0)


def local(cells, release, field_uG=3.0):
    return LocalCosmicRays(cells, release, EDGES, lambda R, z: field_uG + 0.0 * R)


# -- what sources release --------------------------------------------------------------------

BENT = Spectrum(slope=2.2, E_max_GeV=1e5, slope_beyond=2.5, E_break_GeV=2e3)


def nuclei_per_proton(release, name):
    """(rigidity, nuclei for each proton of its bin), where protons are integrated over the bin."""
    of = network(np.geomspace(10.0 * 10**-0.05, 1e5 * 10**0.05, 42))
    protons = release.spectrum.group_rates_s(np.hypot(of.rigidity_edges_GV, M_P_GEV)) * MYR_S
    return of.rigidity_GV, release.rates_Myr(of)[:, of.names.index(name)] / protons


def shares_are_those_at_10_GV():
    """To 2%: bins of a tenth of a decade are taken at their middle."""
    release = released({"He": 0.2, "O": 0.01}, slope=2.1, spectrum=BENT)
    return all(
        nuclei_per_proton(release, name)[1][0] == pytest.approx(share, rel=0.02)
        for name, share in (("He", 0.2), ("O", 0.01))
    )


def test_shares_are_those_at_10_GV(monkeypatch):
    assert shares_are_those_at_10_GV()
    monkeypatch.setattr(module, "SHARES_AT_GV", 30.0)
    assert not shares_are_those_at_10_GV()


def test_nuclei_have_their_slope_and_bend_and_end_where_protons_of_their_rigidity_do():
    """What is left when protons are divided out is one power law, through the break and beyond the end."""
    R, ratio = nuclei_per_proton(released({"He": 0.2}, slope=2.1, spectrum=BENT), "He")
    # The cut-off bends within the bins beyond it.
    for part, tolerance in ((R < 1e3, 0.01), (R < 5e4, 0.03)):
        np.testing.assert_allclose(ratio[part], 0.2 * (R[part] / 10.0) ** 0.1, rtol=tolerance)
    of = network(np.geomspace(4.0, 1e5, 45))
    bent, straight = (
        released({"He": 0.2}, slope=2.1, spectrum=each).rates_Myr(of)[:, -1]
        for each in (BENT, replace(BENT, slope_beyond=None))
    )
    turn = np.log(bent / straight)
    assert np.ptp(turn[of.rigidity_GV < 2e3]) < 1e-9
    beyond = of.rigidity_GV > 2.1e3
    slopes = np.diff(turn[beyond]) / np.diff(np.log(of.rigidity_GV[beyond]))
    np.testing.assert_allclose(slopes, -0.3, atol=1e-3)


def test_without_shares_no_nuclei_leave():
    of = network(np.geomspace(4.0, 1e3, 25))
    assert np.all(released(grammage=0.4).rates_Myr(of) < 1e-200)


# -- protons and nuclei ------------------------------------------------------------------------


def test_protons_of_a_slab():
    """n = q H/D above a plane that releases q on each side; the first cell is half a layer up."""
    R = np.array([30.0, 300.0])
    E = np.hypot(R, M_P_GEV)
    per_kpc3 = (
        SPECTRUM.rate_GeV_s(E) * MYR_S / (2.0 * np.pi * R_KPC**2) * (H_KPC - THICK_KPC / 2) / D_kpc2_Myr(R)
    )
    known = per_kpc3 / KPC_CM**3 * (R / E) ** 2 * C_CM_S / (4.0 * np.pi) * 1e4
    np.testing.assert_allclose(local(slab(), released()).flux("H", R, 0.0), known, rtol=0.02)


@pytest.fixture(scope="module")
def crossed():
    """Nuclei of a thin disc of gas of 1.65 g/cm^2 at 100 GV."""
    return local(slab(1.65), released(PARENTS))


def test_grammage_of_a_thin_disc(crossed):
    R = np.array([10.0, 100.0, 1e3])
    np.testing.assert_allclose(crossed.hydrogen_g_cm2(R), 1.65 * (R / 100.0) ** -0.4, rtol=0.02)


def test_half_as_many_bins_of_nuclei_give_the_same_ratio(crossed):
    coarse, R = replace(crossed, bins_per_decade=5), np.geomspace(20.0, 1e3, 6)
    ratios = [each.flux("boron", R) / each.flux("carbon", R) for each in (coarse, crossed)]
    np.testing.assert_allclose(*ratios, rtol=5e-3)


def test_at_the_sun_it_is_between_the_rings(crossed):
    cells = slab()
    rings = Cells(cells.medium, np.array([0.0, 6.0, 10.0, 14.0]), np.array([0.0, 2.0, H_KPC]))
    here = replace(crossed, cells=rings)
    values = np.tile(rings.centres_kpc[0], (2, 3, 1)) * np.array([[1.0], [2.0], [3.0]])
    np.testing.assert_allclose(here.at_sun(values), np.tile([1.0, 2.0, 3.0], (2, 1)) * SUN_R_KPC)
    assert here.at_sun(values[:0]).shape == (0, 3)


def test_the_flux_of_an_element_is_that_of_its_isotopes(crossed):
    R = np.geomspace(8.0, 2e3, 9)
    for element, isotopes in ELEMENTS.items():
        parts = sum(crossed.flux(isotope, R) for isotope in isotopes)
        np.testing.assert_allclose(crossed.flux(element, R), parts)
    assert np.all(crossed.flux("C13", R) > 0) and np.all(crossed.flux("C", R) > crossed.flux("C12", R))


def boron_over_weighted_slab(cells=None, source=0.0, slope=2.7):
    here = local(cells or slab(1.65), released(PARENTS, grammage=source))
    R = np.array([100.0])
    X = here.hydrogen_g_cm2(R) + source
    return (here.flux("B", R, 0.0) / here.flux("C", R, 0.0) / weighted_slab(X, R, slope=slope))[0]


def test_boron_over_carbon_is_that_of_the_grammage():
    """Parents come out as measured, to the few per cent of their shares."""
    assert boron_over_weighted_slab() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("name, factor", [("MBARN_CM2", 1.2), ("C_CM_S", 0.8)])
def test_another_grammage_is_noticed(monkeypatch, name, factor):
    monkeypatch.setattr(chain, name, getattr(chain, name) * factor)
    assert boron_over_weighted_slab() != pytest.approx(1.0, abs=0.05)


def test_sources_make_boron_without_gas_around_them():
    """At the slope that they release; carbon there is 0.4 g/cm^2 old, not 1.65: less of it is gone."""
    assert boron_over_weighted_slab(slab(), 0.4, slope=2.3) == pytest.approx(1.0, abs=0.1)
    here = local(slab(), released(PARENTS))
    assert here.flux("B", 100.0, 0.0) < 1e-30 * here.flux("C", 100.0, 0.0)


def test_without_modulation_it_is_the_flux_outside(crossed):
    i = crossed.network.names.index("C12")
    R, nucleus = crossed.network.rigidity_GV[5:-5], crossed.network.nuclei[i]
    n = crossed.at_sun(crossed.nuclei_kpc3[:, i]) / np.diff(crossed.network.rigidity_edges_GV)
    speed = nucleus.speed_kpc_Myr(R) / C_KPC_MYR * C_CM_S
    outside = n[5:-5] / KPC_CM**3 * speed / (4.0 * np.pi) * 1e4
    np.testing.assert_allclose(crossed.flux("C12", R, 0.0), outside, rtol=1e-9)
    inside = crossed.flux("C12", R)
    assert np.all(inside < outside) and inside[-1] / outside[-1] > 0.99 and inside[0] / outside[0] < 0.9


def test_beyond_what_was_followed_there_is_nothing(crossed):
    for name in ("He", "C", "H", "pbar", "e+"):
        assert np.isnan(crossed.flux(name, [0.01, 1e7])).all()


# -- antiprotons and positrons -----------------------------------------------------------------


def antiprotons_per_GeV_cm2(energy_GeV, protons_per_GeV):
    """Antiprotons of an energy from protons as a function of energy, for each hydrogen atom per cm^2."""
    E = np.geomspace(energy_GeV + 5.0 * M_P_GEV, 8e5, 400)
    sigma = np.zeros(E.size)
    with _aafragpy() as aafragpy:
        for channel in CHANNELS["pbar"]:
            for pair, many in (("p-p", 1.0), ("p-He", HELIUM_PER_HYDROGEN)):
                table = aafragpy.get_cross_section(channel, pair, E, [energy_GeV], "zeros")[0]
                sigma += many * np.nan_to_num(np.reshape(table, -1))
    return np.trapezoid(sigma * MBARN_CM2 * protons_per_GeV(E) * E, np.log(E))


def antiprotons_of_sources_over_known(R=20.0, X=0.4):
    """Both leave a slab alike: what reaches the Sun is X/m_p times what protons make, by what they are."""
    here, E = local(slab(), released(grammage=X)), np.hypot(R, M_P_GEV)
    known = X / M_P_G * antiprotons_per_GeV_cm2(E, SPECTRUM.rate_GeV_s) / SPECTRUM.rate_GeV_s(E)
    return float(here.flux("pbar", R, 0.0) / here.flux("H", R, 0.0) / known)


def test_antiprotons_of_the_sources(monkeypatch):
    """To 3%: bins of a tenth of a decade."""
    assert antiprotons_of_sources_over_known() == pytest.approx(1.0, abs=0.03)
    monkeypatch.setattr(module, "M_P_G", 1.1 * M_P_G)
    assert antiprotons_of_sources_over_known() != pytest.approx(1.0, abs=0.03)


def test_antiprotons_of_a_thin_disc():
    """X/m_p times what the flux of protons makes, X that at their own rigidity; the gas ends some."""
    R, here = 20.0, local(slab(1.0), released())
    E, X = np.hypot(R, M_P_GEV), here.hydrogen_g_cm2(R)[0]

    def flux(E):
        p = np.sqrt(E**2 - M_P_GEV**2)
        return here.flux("H", p, 0.0) * E / p

    known = X / M_P_G * antiprotons_per_GeV_cm2(E, flux) / flux(E)
    known /= 1.0 + X / M_P_G * antiprotons_destroyed_mb(R) * MBARN_CM2
    assert here.flux("pbar", R, 0.0) / here.flux("H", R, 0.0) == pytest.approx(known, rel=0.03)


def test_nuclei_make_antiprotons_too():
    """A nucleus of helium as many as a proton or so, and carbon as three of helium."""
    alone, helium, carbon = (
        local(slab(), released(shares, grammage=0.4)).flux("pbar", 20.0, 0.0)
        for shares in ({}, {"He": 0.3}, {"C12": 0.1})
    )
    assert 1.2 < helium / alone < 1.5
    # Less of carbon leaves: 0.4 g/cm^2 ends some 7% of it, and 3% of helium.
    assert (carbon / alone - 1.0) / (helium / alone - 1.0) == pytest.approx(1.0, abs=0.08)


@pytest.mark.parametrize("name, missing", [("pbar", 0.03), ("e+", 0.1)])
def test_secondaries_end_where_too_few_of_what_makes_them_were_followed(name, missing):
    """Up to 100 GV with protons up to 10 TeV, of a flux as R^-2.7; positrons cool down from further up."""
    whole, part = (
        LocalCosmicRays(slab(1.0), released(), edges, lambda R, z: 3.0 + 0.0 * R)
        for edges in (EDGES, EDGES[:41])
    )
    assert part.flux(name, 70.0, 0.0) / whole.flux(name, 70.0, 0.0) == pytest.approx(1.0, abs=missing)
    assert np.isnan(part.flux(name, 130.0, 0.0)) and whole.flux(name, 130.0, 0.0) > 0.0
    above = replace(part, energy_edges_GeV=EDGES[20:])
    assert np.isnan(above.flux(name, 80.0, 0.0)) and above.flux(name, 130.0, 0.0) > 0.0


def test_antiprotons_have_the_mass_of_protons():
    assert ANTIPROTON.mass_GeV == M_P_GEV and ANTIPROTON.Z == 1


FIELDS_UG = 1.0, 6.0
# B^2/8 pi of 1 uG and the cosmic microwave background [eV/cm^3].
_PER_UG2, _CMB = 0.02484, 0.2606


def cooled_over_known():
    """Where positrons cool on the spot their density is what is made over b E^2: fewer as U grows."""
    few, many = (local(slab(1.0, 1e-3, True), released(), each).flux("e+", 300.0, 0.0) for each in FIELDS_UG)
    U = [_PER_UG2 * each**2 + _CMB + STARLIGHT_EV_CM3 for each in FIELDS_UG]
    return float(few / many / (U[1] / U[0]))


def test_positrons_cool_in_field_and_light(monkeypatch):
    assert cooled_over_known() == pytest.approx(1.0, abs=0.02)
    monkeypatch.setattr(module, "CMB_ENERGY_DENSITY_GEV_CM3", 0.0)
    assert cooled_over_known() != pytest.approx(1.0, abs=0.02)


def test_positrons_of_low_energy_leave_before_they_cool():
    weak, strong = (
        local(slab(1.0, 1.0), released(), each).flux("e+", [1.0, 300.0], 0.0) for each in FIELDS_UG
    )
    lost = strong / weak
    assert 0.9 < lost[0] < 1.0 and lost[1] < 0.75


# -- what shines -------------------------------------------------------------------------------


def test_helium_for_each_proton_counts_heavier_nuclei_by_their_nucleons():
    """In a slab without gas fluxes are as what is released: a tenth of carbon is 0.3 of helium."""
    assert local(slab(), released()).helium_per_proton is None
    here = local(slab(), released({"He": 0.2, "C12": 0.1}, slope=2.2))
    found, R = here.helium_per_proton, np.sqrt(EDGES[1:] * EDGES[:-1])
    assert found.shape == R.shape
    known = 0.5 * (R / 10.0) ** 0.1
    followed = (R > 5.0) & (R < 8e4)
    np.testing.assert_allclose(found[followed], known[followed], rtol=0.02)
    beyond = found[R > 1e5]
    assert np.ptp(beyond) < 1e-9 * beyond[0] and np.ptp(found[R < 3.0]) < 1e-9 * found[0]
    # That of the last bins, of 70 and 90 TV.
    assert beyond[0] == pytest.approx(0.5 * 8e3**0.1, rel=0.02)


def test_a_field_is_no_part_of_what_protons_do():
    R = np.array([20.0, 200.0])
    one, other = (local(slab(), released(), each).flux("H", R) for each in FIELDS_UG)
    np.testing.assert_array_equal(one, other)


def test_fluxes_are_asked_for_by_name_at_rigidities_with_units():
    R, mine = np.array([20.0, 50.0]), local(slab(1.0), released({"He": 0.1}))
    np.testing.assert_array_equal(mine.flux("helium", R / 1e3 * u.TV), mine.flux("He", R))
    np.testing.assert_array_equal(mine.flux("He", R, 0.5 * u.GV), mine.flux("He", R, 0.5))
    for asked, said in (
        (("helim", R), "did you mean helium"),
        (("He", R * u.GeV), "rigidity_GV"),
        (("He", [-1.0]), "rigidity_GV"),
        (("He", R, -0.5), "modulation_GV"),
    ):
        with pytest.raises(UserError, match=said):
            mine.flux(*asked)
    with pytest.raises(UserError, match="flux of 'He': "):
        local(slab(1.0), released()).flux("He", R)


def test_reweighted_it_is_what_would_be_solved():
    """Protons, nuclei that are released, and those that are made of these; losses change by 1e-3."""
    here = local(slab(1.65), released(PARENTS))
    other = replace(
        here.release, spectrum=replace(SPECTRUM, slope=2.5, slope_beyond=2.2, E_break_GeV=300.0), slope=2.4
    )
    solved = replace(here, release=other)
    for each in (here, solved):
        _ = each.protons, each.nuclei_kpc3
    weighed = here.reweighted(other)
    R = np.geomspace(20.0, 2e4, 20)
    # Bins have the release of their middle: where it bends, it is that of the bins beside it.
    for name, share in {"protons": 2e-3, "C": 2e-3, "B": 8e-3, "Fe": 2e-3}.items():
        ratio = weighed.flux(name, R) / solved.flux(name, R)
        assert np.all(np.abs(ratio - 1.0) < share), (name, ratio)


def test_at_the_rigidity_of_the_parent_alone_boron_would_be_off():
    here = local(slab(1.65), released(PARENTS))
    other = replace(here.release, slope=here.release.slope + 0.5)
    solved = replace(here, release=other)
    _ = here.nuclei_kpc3
    R = np.geomspace(20.0, 2e4, 20)
    naive = here.flux("B", R) * (R / 10.0) ** -0.5 / solved.flux("B", R)
    weighed = here.reweighted(other).flux("B", R) / solved.flux("B", R)
    assert np.all(np.abs(naive - 1.0) > 0.015) and np.all(np.abs(weighed - 1.0) < 0.008)


def test_other_nuclei_cannot_be_weighed():
    here = local(slab(1.65), released(PARENTS))
    with pytest.raises(ValueError, match="differs in its spectra alone"):
        here.reweighted(replace(here.release, shares={"He": 0.1}))


def test_weights_at_the_sun_are_those_of_values_there(crossed):
    values = np.random.default_rng(1).random((3, crossed.cells.count))
    assert crossed.weights_at_sun.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(values @ crossed.weights_at_sun, crossed.at_sun(values), rtol=1e-12)
