"""Bubbles around other galaxies, and what a strong source keeps."""

from dataclasses import replace

import numpy as np
import pytest
from crhalo.fields import bell
from crhalo.fields import gas_density as gas
from crhalo.fields.bubble import (
    AGE_OF_UNIVERSE_MYR,
    LAMBDA_STRONG,
    bubble_of,
    confined_freely_GeV,
    confined_in_tube_GeV,
    front_radius_kpc,
    low_energy_cutoff_GeV,
    mean_exit_time_Myr,
    source_field_uG,
)
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.units import C_CM_S, C_KPC_MYR, KPC_CM, LARMOR_KPC

GALAXY = Galaxy()
AGE_MYR, BACKGROUND_UG = 1e4, 1e-4


@pytest.fixture(scope="module")
def bubble():
    return bubble_of(GALAXY, AGE_MYR, BACKGROUND_UG)


def power(f, x, factor=4.0):
    """d ln f/d ln x."""
    return np.log(f(x * factor) / f(x)) / np.log(factor)


class TestBubble:
    def test_numbers_of_prl(self, bubble):
        # 2.2e-8 and 2.4e-8 G, 10-100 km/s, 1e8-1e9 yr and 2 per yr delta_G^-1/2 E_GeV^-1 L41/R10^2.
        assert bubble.disc_field_uG == pytest.approx(2.3e-2, rel=0.05)
        assert bubble.disc_outflow_km_s == pytest.approx(10, rel=0.02)
        assert bubble.fill_time_Myr == pytest.approx(1e3, rel=0.02)
        dilution = (bubble.surface_field_uG / bubble.disc_field_uG) ** 2
        assert 1 / bubble.growth_time_Myr == pytest.approx(2e6 * 0.1 * 1e-6 * dilution, rel=0.1)

    def test_surface_is_where_the_fields_are_equal(self, bubble):
        # It is highest above the rim; in the plane the halo field falls from there too.
        R, z = bubble.surface_radius_kpc, bubble.surface_height_kpc
        assert GALAXY.saturated_field_uG(10.0, z) == pytest.approx(3 * np.exp(-z / 2), rel=0.03)
        assert GALAXY.saturated_field_uG(R, 0.0) == pytest.approx(3 * np.exp(-(R - 10) / 2), rel=0.03)
        assert bubble.surface_field_uG == pytest.approx(bubble.disc_field_uG * 10 / np.sqrt(2) / z, rel=1e-6)

    def test_largest_scale_and_advected_energy(self, bubble):
        assert bubble.largest_scale_kpc == pytest.approx(LARMOR_KPC * 1e6 / bubble.surface_field_uG, rel=1e-9)
        z, p = bubble.surface_height_kpc, bubble.advected_energy_GeV
        assert GALAXY.outflow(0.0, z)[1] * z == pytest.approx(GALAXY.diffusion_bell(p, 0.0, z), rel=1e-6)
        slow = bubble_of(replace(GALAXY, D_over_bohm=10.0), AGE_MYR, BACKGROUND_UG)
        assert slow.advected_energy_GeV == pytest.approx(p / 10, rel=1e-9)
        low = replace(GALAXY, E_max_GeV=1e3)
        ended = bubble_of(low, AGE_MYR, BACKGROUND_UG)
        z, p = ended.surface_height_kpc, ended.advected_energy_GeV
        assert p > 1e3 and low.outflow(0.0, z)[1] * z == pytest.approx(
            low.diffusion_bell(p, 0.0, z), rel=1e-6
        )

    @pytest.mark.parametrize(
        ("name", "of_L", "of_R_d", "of_delta"),
        [
            ("disc_field_uG", 0.5, -1, 0),
            ("disc_outflow_km_s", 0.5, -1, -0.5),
            ("fill_time_Myr", -0.5, 2, 0.5),
            ("end_kpc", 0.5, 0, 0),
        ],
    )
    def test_scaling(self, name, of_L, of_R_d, of_delta):
        def of(**changes):
            return getattr(bubble_of(replace(GALAXY, **changes), AGE_MYR, BACKGROUND_UG), name)

        assert power(lambda x: of(L_CR_erg_s=x), 1e41) == pytest.approx(of_L, abs=1e-6)
        assert power(lambda x: of(R_d_kpc=x), 5.0) == pytest.approx(of_R_d, abs=1e-6)
        assert power(lambda x: of(delta_G=x), 30.0) == pytest.approx(of_delta, abs=1e-6)

    def test_no_bubble(self):
        for none in (replace(GALAXY, bell=False), replace(GALAXY, halo="constant")):
            with pytest.raises(ValueError, match="no bubble"):
                bubble_of(none, AGE_MYR, BACKGROUND_UG)
        with pytest.raises(ValueError, match="no bubble"):
            bubble_of(GALAXY, AGE_MYR, 0.03)


class TestFrontAndEnd:
    R_1 = 10 / np.sqrt(2)

    def closed_form(self, age, start):
        """Where u = u_1 r_1/r."""
        u_1 = float(GALAXY.outflow(0.0, 1.0)[1])
        return np.sqrt(start**2 + 2 * u_1 * self.R_1 * age)

    def test_front_beyond_the_disc(self):
        ages = np.array([0.0, 100.0, 1e3, 1e4, 1e6])
        assert front_radius_kpc(GALAXY, ages, 12.0) == pytest.approx(self.closed_form(ages, 12.0), rel=1e-4)

    def test_front_within_the_disc(self):
        u_1 = float(GALAXY.outflow(0.0, 1.0)[1])
        assert front_radius_kpc(GALAXY, 300.0, 1.0) == pytest.approx(1.0 + 300.0 * u_1, rel=1e-5)
        # Twin: without dilution it would be three times as far after the age of the Galaxy.
        straight = 12.0 + 1e4 * u_1
        assert straight > 2.5 * float(front_radius_kpc(GALAXY, 1e4, 12.0))

    def test_late_front_grows_as_a_square_root(self, bubble):
        def far(**changes):
            return float(front_radius_kpc(replace(GALAXY, **changes), 1e6, 12.0))

        # r^2 ~ 2 u_1 r_1 t: L^1/4, delta_G^-1/4; R_d cancels.
        assert power(lambda x: far(L_CR_erg_s=x), 1e41) == pytest.approx(0.25, abs=0.01)
        assert power(lambda x: far(delta_G=x), 100.0) == pytest.approx(-0.25, abs=0.01)
        assert power(lambda x: far(R_d_kpc=x), 2.0) == pytest.approx(0, abs=0.01)
        assert bubble.front_kpc == pytest.approx(self.closed_form(1e4, bubble.surface_height_kpc), rel=1e-4)

    def test_pressure_recipe_slows_less(self):
        # u ~ r^-2/3: r^(5/3) grows evenly.
        galaxy = replace(GALAXY, saturation="pressure")
        u_1 = float(galaxy.outflow(0.0, 1.0)[1])
        expected = self.R_1 * ((12 / self.R_1) ** (5 / 3) + 5 / 3 * u_1 * 1e4 / self.R_1) ** 0.6
        assert front_radius_kpc(galaxy, 1e4, 12.0) == pytest.approx(expected, rel=1e-4)
        assert abs(self.closed_form(1e4, 12.0) / expected - 1) > 0.5

    def test_end_is_where_the_onset_condition_fails(self, bubble):
        flux = GALAXY.energy_flux * bell.dilution(0.0, np.array([0.99, 1.01]) * bubble.end_kpc, 10.0)
        assert bell.is_unstable(BACKGROUND_UG, flux).tolist() == [True, False]
        assert bell.end_radius_kpc(0.02, 10.0, [0.021, 0.02]) == pytest.approx([0.0, self.R_1])

    def test_front_stops_at_the_end(self):
        strong_field = bubble_of(GALAXY, AGE_MYR, 8e-3)
        assert strong_field.front_kpc == strong_field.end_kpc == pytest.approx(19.9, rel=0.01)


def walk_out(R, a, gradient, walkers=2000):
    """Mean time of a random walk in three dimensions with D = a r, from the centre to R.

    Drift grad D = a r/|r|, or `gradient` times that.
    """
    rng = np.random.default_rng(3)
    step = 2e-3 * R / a
    x = np.full((walkers, 3), 1e-6 * R)
    total = 0.0
    while len(x):
        r = np.linalg.norm(x, axis=1, keepdims=True)
        x = x + gradient * a * step * x / r + np.sqrt(2 * a * r * step) * rng.standard_normal(x.shape)
        total += step * len(x)
        # A step may cross R and come back: the wall is nearer by 0.5826 steps (Siegmund 1979).
        x = x[np.linalg.norm(x, axis=1) < R - 0.5826 * np.sqrt(2 * a * R * step)]
    return total / walkers


class TestExitTime:
    R, A = 7.0, 0.4

    def test_random_walk(self):
        exact = mean_exit_time_Myr(self.R, self.A)
        assert walk_out(self.R, self.A, 1.0) == pytest.approx(exact, rel=0.05)
        # Twin: without the drift of a D that rises outwards the walk takes R/(2 a).
        assert walk_out(self.R, self.A, 0.0) == pytest.approx(1.5 * exact, rel=0.05)

    def test_solves_the_equation(self):
        r = np.linspace(1.0, self.R, 2001)
        T = mean_exit_time_Myr(self.R - r, self.A)
        left = np.gradient(r**3 * self.A * np.gradient(T, r), r) / r**2
        assert left[2:-2] == pytest.approx(-1.0, rel=1e-4)


class TestStrongSource:
    def test_field(self):
        # sqrt(L/(Lambda c))/r = 3.7e-9 G L_44^1/2 at 1 Mpc, with equipartition B^2/(4 pi) = E^2 phi/c.
        assert source_field_uG(1e3, 1e44) == pytest.approx(3.7e-3, rel=0.02)
        by_hand = np.sqrt(1e44 / (LAMBDA_STRONG * C_CM_S)) / (50 * KPC_CM) * 1e6
        assert source_field_uG(50.0, 1e44) == pytest.approx(by_hand, rel=1e-9)

    def test_exit_time_at_the_free_cutoff_is_the_age(self):
        # In a weak background the field grows out to R, by 5 e-foldings, and holds the energy for the age.
        E = float(confined_freely_GeV(1e44, 1e-9))
        a = C_KPC_MYR * LARMOR_KPC * E / source_field_uG(1.0, 1e44) / 3
        R = 3 * a * AGE_OF_UNIVERSE_MYR
        flux = 1e44 / (4 * np.pi * (R * KPC_CM) ** 2 * LAMBDA_STRONG)
        growth = bell.gamma_max_Myr(E, flux, gas.cgm_density_cm3(1.0)) * AGE_OF_UNIVERSE_MYR
        assert growth == pytest.approx(5.0, rel=1e-6)
        # In a strong one it ends where it falls to the background.
        E = float(confined_freely_GeV(1e44, 0.1))
        R = C_KPC_MYR * LARMOR_KPC * E / source_field_uG(1.0, 1e44) * AGE_OF_UNIVERSE_MYR
        assert source_field_uG(R, 1e44) == pytest.approx(0.1, rel=1e-6)

    def test_weak_background_as_published(self):
        # Blasi, Amato & D'Angelo (2015), abstract: 1e7 GeV L_44^(2/3) for fields far below 1 nG.
        assert low_energy_cutoff_GeV(1e44, 1e-9) == pytest.approx(0.47e7, rel=0.02)
        for L_44 in (0.01, 1.0, 100.0):
            published = 1e7 * L_44 ** (2 / 3)
            assert published / 2.5 < low_energy_cutoff_GeV(1e44 * L_44, 1e-9) < published
        assert power(lambda L: confined_freely_GeV(L, 1e-9), 1e44) == pytest.approx(2 / 3, abs=1e-6)
        # Twin: with a bubble that ends at a given field it would go as L, at a given distance as L^1/2.
        assert power(lambda L: confined_freely_GeV(L, 0.1), 1e44) == pytest.approx(1, abs=1e-6)

    def test_strong_background_as_published(self):
        # The same: 2e8 GeV lambda_10 L_44^(1/4) B_-10^(1/2), B in 0.1 nG; where the field has time to grow.
        for L_44, B_10, l_10 in ((1, 1, 1), (1, 10, 1), (100, 1, 1), (0.1, 10, 1), (1, 10, 0.5)):
            published = 2e8 * l_10 * L_44**0.25 * B_10**0.5
            E = low_energy_cutoff_GeV(1e44 * L_44, 1e-4 * B_10, 1e4 * l_10)
            assert published / 2 < E < published
        assert power(lambda L: confined_in_tube_GeV(L, 1e-3), 1e44) == pytest.approx(0.25, abs=1e-6)
        assert power(lambda B: confined_in_tube_GeV(1e44, B), 5e-4) == pytest.approx(0.5, abs=1e-6)
        assert power(lambda l: confined_in_tube_GeV(1e44, 1e-3, l), 2e3) == pytest.approx(1, abs=1e-6)
        # Twin: a field that has no time to grow gives another law.
        assert power(lambda B: confined_in_tube_GeV(1e44, B), 1e-6) == pytest.approx(2 / 3, abs=1e-6)

    def test_range_that_prl_quotes(self):
        # "<~ 1e7-1e8 GeV" for 1e44 erg/s, weak background to 0.1 nG.
        cutoff = low_energy_cutoff_GeV(1e44, np.geomspace(1e-10, 1e-4, 30))
        assert 0.4e7 < cutoff.min() and cutoff.max() < 2e8

    def test_rises_without_jumps(self):
        B, L = np.meshgrid(np.geomspace(1e-9, 1e-3, 601), np.geomspace(1e42, 1e47, 51))
        E = low_energy_cutoff_GeV(L, B)
        assert E.shape == B.shape
        steps = np.diff(np.log(E), axis=1) / np.log(B[0, 1] / B[0, 0])
        assert np.all(steps > -1e-9) and np.all(steps < 1.01)
        # Twin: the particles in the tube alone; below a picogauss they would hardly be held.
        assert confined_in_tube_GeV(1e44, 1e-9) < 0.1 * low_energy_cutoff_GeV(1e44, 1e-9)
