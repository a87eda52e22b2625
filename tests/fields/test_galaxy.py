"""The galaxy of the papers and its variants."""

import numpy as np
import pytest
from contracts import FieldContract
from crhalo.fields import gas_density as gas
from crhalo.fields.exceptions import UserError
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.medium_table import Wall
from crhalo.fields.units import KPC2_MYR_CM2_S
from scipy.integrate import quad

VARIANTS = {
    "papers": {},
    "thin gas": {"delta_G": 1.0},
    "local waves": {"waves": "nlld-local"},
    "pressure": {"saturation": "pressure"},
    "momentum": {"outflow_recipe": "momentum"},
    "momentum in cored gas": {"outflow_recipe": "momentum", "saturation": "pressure", "cgm_beta": 0.5},
    "one way": {"two_way": False},
    "lengthening waves": {"saturation": "growing-wavelength", "B_cgm_uG": 1e-3},
    "cored gas": {"cgm_beta": 0.5},
    "no instability": {"bell": False},
    "constant": {"halo": "constant"},
    "own field": {"field_uG": lambda R, z: 3.0 / (1.0 + (R**2 + z**2) / 4.0) ** 2},
}
GALAXIES = {name: Galaxy(**changes) for name, changes in VARIANTS.items()}


class TestEveryGalaxy(FieldContract):
    """What every variant promises the engine."""

    @pytest.fixture(params=VARIANTS)
    def galaxy(self, request):
        return GALAXIES[request.param]


def test_surface_of_the_papers():
    galaxy = Galaxy(delta_G=100.0)
    medium = galaxy.medium()
    # exp(-d/z_B) B0 meets the saturated field: 10.6 kpc up from the centre, 12 kpc out from the rim.
    z = np.linspace(0, 15, 1501)
    assert z[np.argmax(medium.distance_kpc(0.0 * z, z) > 0)] == pytest.approx(10.6, abs=0.1)
    assert galaxy.surface_extent_kpc[0] - galaxy.R_d_kpc == pytest.approx(12, abs=0.2)
    assert 2.0 * np.log(3.0 / galaxy.saturated_field_uG(0, 10.6)) == pytest.approx(10.6, abs=0.05)
    # Beyond the centre the current is diluted: the surface is highest at the rim, not on the axis.
    assert 10.7 < galaxy.surface_extent_kpc[1] < 12


def test_constant_field_against_exponential():
    constant, exponential = Galaxy(halo="constant"), Galaxy()
    height = np.linspace(0, 8, 50)
    D_constant, D_exponential = (g.diffusion_halo(10.0, 0.0, height) for g in (constant, exponential))
    np.testing.assert_allclose(D_constant, D_constant[0])
    np.testing.assert_allclose(D_exponential, D_constant * np.exp(height / 2.0))
    # REV Eq. 9: 6e27 cm^2/s at 10 GeV.
    assert D_constant[0] * KPC2_MYR_CM2_S == pytest.approx(6.2e27, rel=0.05)
    assert constant.medium().table.wall == Wall.ABSORBING
    np.testing.assert_allclose(constant.medium().distance_kpc(3.0, height), height - 4, atol=1e-3)


def test_local_waves_do_not_make_diffusion_rise():
    D = Galaxy(waves="nlld-local").diffusion_halo(10.0, 0.0, np.array([0.0, 2.0, 4.0]))
    np.testing.assert_allclose(D, D[0])


@pytest.mark.parametrize(
    ("changes", "wall"),
    [({}, Wall.TWO_WAY), ({"two_way": False}, Wall.ONE_WAY), ({"bell": False}, Wall.ABSORBING)],
)
def test_walls(changes, wall):
    assert Galaxy(r_max_kpc=40.0, **changes).medium().table.wall == wall


def test_a_users_own_field_is_followed():
    ball = Galaxy(field_uG=lambda R, z: 3.0 * np.exp(-np.hypot(R, z) / 2.0))
    medium = ball.medium()
    # Spherical where the current is not diluted (r < R_d/sqrt(2)), and D as 1/B.
    D = medium.diffusion_halo(10.0, np.array([0.0, 3.0, 0.0]), np.array([0.0, 0.0, 3.0]))
    np.testing.assert_allclose(D / D[0], np.exp([0, 1.5, 1.5]))
    distance = medium.distance_kpc(np.array([0.0, 10.0]), np.array([10.0, 0.0]))
    assert distance[0] == pytest.approx(distance[1], abs=1e-3)


def test_no_halo_is_a_mistake_in_B0():
    with pytest.raises(ValueError, match=r"medium\.B0"):
        print(Galaxy(B0_uG=0.01).surface_extent_kpc)


def test_a_field_around_the_galaxy_ends_the_bell_region_and_then_prevents_it():
    """PRL Eq. 4: B_sat falls as 1/r; where the field around exceeds it nothing grows."""
    weak, strong = Galaxy(B_cgm_uG=2e-3), Galaxy(B_cgm_uG=0.02)
    r = weak.bell_outer_radius_kpc
    assert weak.saturated_field_uG(0.0, r) == pytest.approx(2e-3)
    assert 10.0 < r < weak.r_max_kpc and weak.has_bell_region
    assert (
        weak.medium().table.wall == Wall.TWO_WAY and weak.medium().table.bell_outer_radius == pytest.approx(r)
    )
    # In the disc it would be excited, at the surface it would not.
    assert strong.bell_outer_radius_kpc > 5.0 and not strong.has_bell_region
    assert strong.medium().table.wall == Wall.ABSORBING
    assert Galaxy(B_cgm_uG=1.0).bell_outer_radius_kpc == 0.0


def test_diffusion_of_the_bell_region_over_bohm():
    p, R, z = np.array([10.0, 1e5]), 3.0, 20.0
    ratio = Galaxy(D_over_bohm=2.6).diffusion_bell(p, R, z) / Galaxy().diffusion_bell(p, R, z)
    np.testing.assert_allclose(ratio, 2.6)


def test_gas_of_a_beta_profile_is_what_the_engine_meets():
    galaxy = Galaxy(cgm_beta=0.5, cgm_core_kpc=20.0)
    found = galaxy.medium().gas_density_cm3(np.array([0.0, 30.0]), np.array([15.0, 40.0]))[:, 2]
    r2 = np.array([15.0**2, 50.0**2])
    np.testing.assert_allclose(found / gas.cgm_density_cm3(100.0), (1 + r2 / 400) ** -0.75, rtol=2e-3)


RADII_KPC = (0.01, 0.05, 0.1, 0.37, 1.0, 2.9, 7.3, 10.0, 13.13, 20.0)


@pytest.mark.parametrize("R_d_kpc", RADII_KPC)
@pytest.mark.parametrize("H_kpc", [0.5, 4.0, 4.137])
def test_rims_and_flat_surfaces_are_nodes_and_discs_are_resolved(R_d_kpc, H_kpc):
    R, z = Galaxy(R_d_kpc=R_d_kpc, halo="constant", H_kpc=H_kpc, bell=False, r_max_kpc=30.0).axes()
    assert np.isclose(R.nodes, R_d_kpc, rtol=1e-12).any() and np.isclose(z.nodes, H_kpc, rtol=1e-12).any()
    near = R.nodes[R.nodes <= R_d_kpc + min(R_d_kpc, 1.0)]
    assert np.diff(near).max() <= min(R_d_kpc / 10.0, 0.25) * (1 + 1e-9)
    for ax in (R, z):
        assert ax.nodes[-1] >= 30.0 * (1 - 1e-12) and ax.cell_of_step.size <= 1e5
        x = np.random.default_rng(1).uniform(0.0, 30.0, 5000)
        cell = ax.cell_of_step[(x * ax.inverse_step).astype(int)]
        assert (ax.nodes[cell] <= x * (1 + 1e-12)).all() and (x <= ax.nodes[cell + 1] * (1 + 1e-12)).all()


def mass_within(medium, R_kpc, z_kpc):
    """Of each gas in its table, both sides of the plane [kpc3 cm-3]."""
    mean = medium.mean_gas_cm3(np.array([0.0, R_kpc]), np.array([0.0, z_kpc]))[0, 0]
    return 2.0 * np.pi * R_kpc**2 * z_kpc * mean


@pytest.mark.parametrize("R_d_kpc", RADII_KPC)
def test_gas_of_a_disc_of_any_radius_has_its_mass(R_d_kpc):
    galaxy = Galaxy(R_d_kpc=R_d_kpc, halo="constant", bell=False, cgm_beta=2 / 3, r_max_kpc=30.0)
    medium = galaxy.medium()
    disc = 2.0 * np.pi * R_d_kpc**2 * gas.DISC_HEIGHT_KPC
    assert mass_within(medium, 30.0, 30.0)[0] == pytest.approx(disc, rel=1e-3)
    n, far, h, top = gas.HALO_DENSITY_CM3, gas.HALO_DENSITY_FAR_CM3, gas.HALO_HEIGHT_KPC, 4.0
    halo = 2.0 * np.pi * R_d_kpc**2 * (far * top + (n - far) * h * -np.expm1(-top / h))
    assert mass_within(medium, R_d_kpc, top)[1] == pytest.approx(halo, rel=5e-3)
    # 1/(1 + r^2/c^2) over a cylinder: the integral over R is a logarithm.
    c2, s2 = galaxy.cgm_core_kpc**2, 30.0**2
    of_height = quad(lambda z: np.log((c2 + s2 + z * z) / (c2 + z * z)), 0.0, 30.0)[0]
    cgm = 2.0 * np.pi * c2 * of_height * float(gas.cgm_density_cm3(galaxy.delta_G))
    assert mass_within(medium, 30.0, 30.0)[2] == pytest.approx(cgm, rel=5e-3)


def test_gas_of_the_users_own_has_its_mass_too():
    galaxy = Galaxy(
        halo="constant",
        bell=False,
        r_max_kpc=30.0,
        disc_gas_cm3=lambda R, z: 1.0 * (R < 3.37) * (np.abs(z) < 0.083),
        halo_gas_cm3=lambda R, z: 1e-3 * (R**2 / 36.0 + z**2 / 4.0 < 1.0),
    )
    disc, halo, _ = mass_within(galaxy.medium(), 30.0, 30.0)
    assert disc == pytest.approx(2.0 * np.pi * 3.37**2 * 0.083, rel=5e-3)
    assert halo == pytest.approx(1e-3 * 4.0 / 3.0 * np.pi * 36.0 * 2.0, rel=5e-3)


@pytest.mark.parametrize("core_kpc", [0.1, 1.0, 30.0])
def test_circumgalactic_gas_has_its_mass_whatever_its_core(core_kpc):
    galaxy = Galaxy(cgm_beta=2 / 3, cgm_core_kpc=core_kpc, halo="constant", bell=False, r_max_kpc=30.0)
    c2, s2 = core_kpc**2, 30.0**2
    of_height = quad(lambda z: np.log((c2 + s2 + z * z) / (c2 + z * z)), 0.0, 30.0)[0]
    cgm = 2.0 * np.pi * c2 * of_height * float(gas.cgm_density_cm3(galaxy.delta_G))
    assert mass_within(galaxy.medium(), 30.0, 30.0)[2] == pytest.approx(cgm, rel=5e-3)


def test_above_E_max_no_waves_resonate_in_the_bell_region():
    """Bohm up to 1 PeV, then as p^2; a measured current has waves at all energies."""
    p = np.array([1e5, 1e6, 3e6, 1e7])
    galaxy = Galaxy(E_max_GeV=1e6)
    over_bohm = galaxy.diffusion_bell(p, 0.0, 20.0) / (p * galaxy.diffusion_bell(1e5, 0.0, 20.0) / 1e5)
    np.testing.assert_allclose(over_bohm, [1.0, 1.0, 3.0, 10.0], rtol=1e-6)
    assert Galaxy(E_max_GeV=1e7).diffusion_bell(1e7, 0.0, 20.0) == pytest.approx(
        100 * Galaxy(E_max_GeV=1e7).diffusion_bell(1e5, 0.0, 20.0)
    )
    of_each = Galaxy(E_max_GeV=1e6, current=np.ones_like)
    assert of_each.diffusion_bell(1e7, 0, 20) == pytest.approx(100 * of_each.diffusion_bell(1e5, 0, 20))


def test_each_gas_has_its_own_helium():
    """Losses are as the collisions of each gas: 1.33 for each hydrogen, 0.96 where the density is rho/m_p."""
    plain, helium = (Galaxy(helium_factor=f).medium() for f in (1.0, (1.33, 1.33, 0.96)))
    R, z = np.array([5.0, 5.0, 5.0]), np.array([0.0, 4.0, 30.0])
    ratio = helium.targets_cm3(R, z).sum(axis=1) / plain.targets_cm3(R, z).sum(axis=1)
    np.testing.assert_allclose(ratio, [1.33, 1.33, 0.96])
    np.testing.assert_array_equal(helium.gas_density_cm3(R, z), plain.gas_density_cm3(R, z))
    assert helium.table.fastest_loss_bell / plain.table.fastest_loss_bell == pytest.approx(0.96)
    assert helium.table.fastest_loss_halo / plain.table.fastest_loss_halo == pytest.approx(1.33)
    np.testing.assert_array_equal(Galaxy(helium_factor=1.4).helium_factors, [1.4, 1.4, 1.4])
    for wrong in ((1.0, 1.0), "1", (1.0, 1.0, 0.1)):
        with pytest.raises(UserError, match=r"a number from 0\.5 to 3"):
            Galaxy(helium_factor=wrong)
