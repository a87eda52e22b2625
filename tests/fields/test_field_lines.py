"""Fields with a direction: divergence-free, with the lines, strength and curl they are to have."""

import numpy as np
import pytest
from contourpy import contour_generator
from contracts import LinesContract
from crhalo.fields import field_lines
from crhalo.fields.exceptions import UserError
from crhalo.fields.field_lines import FIELDS, FieldLines, Shape, divergence_per_kpc, field_of, tabulated
from crhalo.fields.galaxy import Galaxy
from crhalo.fields.units import C_KPC_MYR, speed_kpc_Myr

B0, Z_B, B_POL, R_POL, Z_OPEN = 3.0, 2.0, 0.1, 3.0, 4.0
rng = np.random.default_rng(1)
R, Z = rng.uniform(0.2, 20.0, 1000), rng.uniform(0.2, 11.0, 1000)


def monopole(R, z):
    """Straight lines from a point 5 kpc below the centre, of either polarity, that wind up."""
    r = np.hypot(R, z + 5.0)
    return -75.0 * R / r**3, 20.0 * R / r**3, -75.0 * (z + 5.0) / r**3


def loop(R, z):
    """Lines that rise, turn over at 2 kpc and come back: A = R^2/2 exp(-R/4) cos(pi z/4) within."""
    fall = np.exp(-R / 4.0)
    return (
        0.5 * R * fall * 0.25 * np.pi * np.sin(0.25 * np.pi * z),
        0.0 * R * z,
        (1.0 - R / 8.0) * fall * np.cos(0.25 * np.pi * z),
    )


GALAXIES = {
    "tube": Galaxy(field="tube", bell=False, halo="constant"),
    "x-shaped": Galaxy(field="x-shaped", epsilon=0.01),
    "azimuthal": Galaxy(field="azimuthal", epsilon=0.01),
    "own": Galaxy(field=monopole, bell=False, halo="constant"),
}
SHAPE = GALAXIES["x-shaped"]._shape


class TestEveryField(LinesContract):
    """What every field promises the engine."""

    @pytest.fixture(params=GALAXIES)
    def galaxy(self, request):
        return GALAXIES[request.param]


def test_every_field_is_tested():
    assert set(FIELDS) < set(GALAXIES)


# -- what the fields are -------------------------------------------------------------------


def flux(name, R, z):
    """A(R, z) of a field, for complex R and z too."""
    if name == "tube":
        return 0.5 * R**2 * B0 * np.exp(-z / Z_B)
    R_1 = R / (1.0 + (z / Z_OPEN) ** 2) / R_POL
    return B_POL * R_POL**2 * (1.0 - (1.0 + R_1) * np.exp(-R_1))


@pytest.mark.parametrize("name", ["tube", "x-shaped"])
def test_a_poloidal_field_is_that_of_its_flux_function(name):
    """Derivatives by steps into the complex plane, which lose no digits."""
    B_R, _, B_z = field_of(name, SHAPE)(R, Z)
    h = 1e-20
    np.testing.assert_allclose(B_R, -flux(name, R, Z + 1j * h).imag / h / R, rtol=1e-12)
    np.testing.assert_allclose(B_z, flux(name, R + 1j * h, Z).imag / h / R, rtol=1e-12)


@pytest.mark.parametrize(("name", "spread"), [("tube", lambda z: np.exp(0.5 * z / Z_B)),
                                              ("x-shaped", lambda z: 1.0 + (z / Z_OPEN) ** 2)])  # fmt: skip
def test_lines_spread_as_they_are_said_to(name, spread):
    """dR/dz of the field is that of R = R_1 spread(z), integrated up to 10 kpc by Runge and Kutta."""

    def slope(R, z):
        B_R, _, B_z = field_of(name, SHAPE)(R, z)
        return B_R / B_z

    R, h = np.array([0.1, 1.0, 5.0]), 0.1
    for z in np.arange(0.0, 10.0, h):
        one = slope(R, z)
        two = slope(R + 0.5 * h * one, z + 0.5 * h)
        three = slope(R + 0.5 * h * two, z + 0.5 * h)
        R = R + h / 6.0 * (one + 2.0 * two + 2.0 * three + slope(R + h * three, z + h))
    np.testing.assert_allclose(R, np.array([0.1, 1.0, 5.0]) * spread(10.0), rtol=1e-5)


def test_the_x_shaped_field_is_as_strong_as_that_without_lines():
    """Inside the surface, but in the core, where it has to be poloidal; there it is weaker."""
    lines, without = GALAXIES["x-shaped"].lines, Galaxy()
    inside = without.surface_level(R, Z) < 0
    ratio = (field_lines.norm(*lines.field(R, Z)) / without.magnetic_field_uG(R, Z))[inside]
    core = (R / np.hypot(R, field_lines.CORE_KPC))[inside]
    far = R[inside] > 5.0
    assert inside.sum() > 300 and np.all(ratio >= core * (1 - 1e-12)) and np.all(ratio < 1 + 1e-12)
    np.testing.assert_allclose(ratio[far], 1.0, atol=0.02)
    B_R, B_phi, B_z = lines.field(np.zeros(1), np.ones(1))
    assert B_R == B_phi == 0.0 and B_z > 0.0


def test_the_tube_falls_by_its_height_on_the_axis():
    tube = Galaxy(field="tube", bell=False, halo="constant")
    np.testing.assert_allclose(tube.magnetic_field_uG(0.0, Z), B0 * np.exp(-Z / Z_B), rtol=1e-12)


# -- what is made of them ------------------------------------------------------------------


def curl_of(name, drifts=True):
    nodes = np.ix_(np.linspace(0.0, 9.0, 37), np.linspace(0.0, 8.0, 33))
    R, z = np.broadcast_arrays(*nodes)
    exponential = SHAPE._replace(strength_uG=lambda R, z: B0 * np.exp(-z / Z_B) + 0.0 * R)
    lines = FieldLines(field_of(name, exponential), epsilon=0.1, drifts=drifts)
    return R, z, tabulated(lines, R, z, np.ones(R.shape, bool)).drift


def test_drifts_of_circles_are_those_of_the_closed_form():
    """curl(phi/B) = (-1/z_B, 1/R)/B; on the axis the mean of that over half a cell."""
    R, z, drift = curl_of("azimuthal")
    B = (B0 * np.exp(-z / Z_B))[1:]
    np.testing.assert_allclose(drift[1:, :, 0], -1.0 / Z_B / B, rtol=1e-4)
    np.testing.assert_allclose(drift[1:, :, 1], 1.0 / R[1:] / B, rtol=1e-6)
    np.testing.assert_allclose(drift[0, :, 1], 2.0 / (0.5 * R[1, 0]) / B[0], rtol=1e-12)
    np.testing.assert_array_equal(drift[0, :, 0], 0.0)
    assert curl_of("azimuthal", drifts=False)[2].shape == (1, 1, 2)


def test_lines_in_half_planes_drift_around_the_axis_alone():
    np.testing.assert_array_equal(curl_of("tube")[2], 0.0)


@pytest.mark.parametrize(("epsilon", "wander"), [(0.0, 0.0), (0.01, 0.0), (0.0, 1e-3), (0.01, 1e-3)])
def test_tensor_has_D_along_the_field_and_what_is_asked_for_across(epsilon, wander):
    lines = FieldLines(monopole, epsilon, wander)
    D, p = 0.2 + 0.0 * R, 10.0
    across = lines.across_kpc2_Myr(p, D)
    np.testing.assert_allclose(across, epsilon * 0.2 + 0.5 * wander * speed_kpc_Myr(np.array(10.0)))
    b_R, b_phi, b_z = lines.direction(R, Z)
    D_RR, D_zz, D_Rz = lines.tensor_kpc2_Myr(p, D, R, Z)
    # In the half-plane: across the poloidal lines D is that across, along them the mean of both.
    poloidal = b_R**2 + b_z**2
    along = np.array([b_R, b_z]) / np.sqrt(poloidal)
    for n, known in (
        (along, across + (0.2 - across) * poloidal),
        ((-along[1], along[0]), across),
    ):
        np.testing.assert_allclose(
            n[0] ** 2 * D_RR + n[1] ** 2 * D_zz + 2 * n[0] * n[1] * D_Rz, known, atol=1e-12
        )
    np.testing.assert_allclose((D_RR - across) * (D_zz - across), D_Rz**2, atol=1e-12)
    assert 0.01 < (b_phi**2).max() < 0.1


def test_as_much_across_as_along_is_isotropic():
    D = 0.2 + 0.0 * R
    for lines in (FieldLines(monopole, 1.0), FieldLines(monopole, 0.5, wander_kpc=10.0)):
        D_RR, D_zz, D_Rz = lines.tensor_kpc2_Myr(10.0, D, R, Z)
        for found, known in ((D_RR, 0.2), (D_zz, 0.2), (D_Rz, 0.0)):
            np.testing.assert_array_equal(found, known + 0.0 * R)


def test_lines_that_wander_part_by_their_length():
    """Slow protons go along them slowly."""
    lines = FieldLines(monopole, wander_kpc=0.01)
    fast, slow = lines.across_kpc2_Myr(np.array([1e6, 0.5]), 1e3)
    assert fast == pytest.approx(0.5 * 0.01 * C_KPC_MYR) and slow == pytest.approx(0.4705 * fast, rel=1e-3)


# -- what is refused -----------------------------------------------------------------------


def check(field, **off):
    lines = FieldLines(field, **off)
    field_lines.check_field(lines, lambda R, z: z - 4.0 + 0.0 * R, 20.0, 4.0, 10.0)


def sheared(R, z):
    B_R, B_phi, B_z = monopole(R, z)
    return 1.001 * B_R, B_phi, B_z


@pytest.mark.parametrize(
    ("field", "says"),
    [
        (sheared, "its divergence is "),
        (lambda R, z: (0.0 * R, 0.0 * R, 1.0 + 1e-4 * z), "its divergence is 0.0001 |B|/kpc"),
        (lambda R, z: (0.0 * R, np.where(R > 9.0, np.nan, 1.0), 1.0 + 0.0 * R), "B_phi: nan at R = "),
        (lambda R, z: (0.0 * R, 1.0 + 0.0 * R, 0.0 * R), "closes inside the disc"),
        (loop, "closes inside the disc"),
    ],
)
def test_a_field_that_is_none_is_refused(field, says):
    with pytest.raises(UserError) as caught:
        check(field)
    assert str(caught.value).startswith("medium.field") and says in str(caught.value)


@pytest.mark.parametrize("off", [{"epsilon": 0.01}, {"wander_kpc": 1e-3}, {"drifts": True}])
def test_closed_lines_are_allowed_where_particles_leave_them(off):
    check(loop, **off)


def test_lines_that_never_meet_a_surface_leave_at_the_end():
    """Up to 100 kpc and beyond, the field is stronger than what would end the halo."""
    lines = FieldLines(monopole)
    field_lines.check_field(lines, lambda R, z: -1.0 + 0.0 * R * z, 100.0, 100.0, 10.0)


def test_a_poloidal_part_that_exceeds_the_whole_field_is_refused_with_what_is_allowed():
    galaxy = Galaxy(field="x-shaped", B_pol_uG=1.0)
    with pytest.raises(UserError, match=r"medium\.B_pol = .1 uG.: .*; allowed: at most 0\.133 uG") as caught:
        galaxy.check()
    assert "\n" not in str(caught.value)
    Galaxy(field="x-shaped", B_pol_uG=0.133).check()


def test_a_field_that_turns_within_a_cell_is_refused():
    def wavy(R, z):
        return np.sin(20.0 * z) + 0.0 * R, 0.0 * R * z, 1.0 + 0.0 * R * z

    nodes = np.broadcast_arrays(*np.ix_(np.linspace(0.0, 9.0, 37), np.linspace(0.0, 8.0, 33)))
    with pytest.raises(UserError, match=r"medium\.field: turns by .* within a cell"):
        tabulated(FieldLines(wavy), *nodes, np.ones(nodes[0].shape, bool))


def test_the_divergence_is_found_to_the_rounding_of_a_uniform_field():
    assert divergence_per_kpc(lambda R, z: (0.0 * R, 0.0 * R, 1.0 + 0.0 * z), R, Z).max() < 1e-13
    radial = divergence_per_kpc(lambda R, z: (R, 0.0 * R, 0.0 * R), R, Z)
    np.testing.assert_allclose(radial, 2.0 / R, rtol=1e-10)


def test_shape_holds_what_a_galaxy_says():
    assert isinstance(SHAPE, Shape) and SHAPE[1:] == (B0, Z_B, B_POL, R_POL, Z_OPEN)


def test_flux_through_the_surface_bounds_how_steep_lines_are_in_the_disc():
    """Even where all lines meet it head-on; those of the x-shaped field do not."""
    galaxy = GALAXIES["x-shaped"]
    R, z = np.linspace(0.0, 25.0, 501), np.linspace(0.0, 15.0, 501)
    level = galaxy.surface_level(*np.meshgrid(R, z))
    R, z = max(contour_generator(x=R, y=z, z=level).lines(0.0), key=len).T
    B = galaxy.magnetic_field_uG(R, z)
    rings = np.pi * (R[1:] + R[:-1]) * np.hypot(np.diff(R), np.diff(z))
    over_disc = np.sum(rings * 0.5 * (B[1:] + B[:-1])) / (np.pi * galaxy.R_d_kpc**2 * B0)
    assert over_disc == pytest.approx(0.0216, rel=0.01)
    x = galaxy.R_d_kpc / R_POL
    mean = 2.0 * 0.133 / B0 * (1.0 - (1.0 + x) * np.exp(-x)) / x**2
    assert mean == pytest.approx(0.00675, rel=0.01) and mean < over_disc
