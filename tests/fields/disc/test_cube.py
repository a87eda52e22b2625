"""A FITS cube of gas of one's own."""

import numpy as np
import pytest
from astropy.io import fits
from crhalo.fields.disc.cube import cube_density_cm3
from crhalo.fields.disc.gas import mcmillan_density_cm3
from crhalo.fields.exceptions import UserError
from cubes import write_cube

PLANE, HEIGHT = np.linspace(-16.0, 16.0, 129), np.linspace(-1.0, 1.0, 81)


def test_it_gives_back_what_it_was_made_of(tmp_path):
    density = cube_density_cm3(write_cube(tmp_path / "gas.fits", PLANE, PLANE, HEIGHT), 15.0)
    for R in (2.0, 4.0, 8.2, 14.0):
        for z in (0.0, -0.1, 0.3):
            assert density(R, z) == pytest.approx(mcmillan_density_cm3(R, z), rel=0.03)
    assert density([20.0, 8.0], [0.0, 2.0]) == pytest.approx([0.0, 0.0])


def test_it_is_a_mean_over_azimuth_and_both_sides(tmp_path):
    def density(X, Y, Z):
        return 1.0 + 0.02 * X - 0.01 * Y + 0.5 * np.sign(Z)

    path = write_cube(tmp_path / "gas.fits", PLANE, PLANE, HEIGHT, density, unit="m-3")
    assert cube_density_cm3(path, 15.0)(8.0, 0.4) == pytest.approx(1e-6, rel=1e-3)


def test_axes_may_fall(tmp_path):
    rising = cube_density_cm3(write_cube(tmp_path / "up.fits", PLANE, PLANE, HEIGHT), 15.0)
    falling = cube_density_cm3(write_cube(tmp_path / "down.fits", PLANE[::-1], PLANE, HEIGHT[::-1]), 15.0)
    assert falling(5.0, 0.2) == pytest.approx(float(rising(5.0, 0.2)))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"BUNIT": "kg"}, "BUNIT = 'kg'; allowed: a unit that converts to 1 / cm3"),
        ({"CUNIT2": "s"}, "CUNIT2 = 's'; allowed: a unit that converts to kpc"),
        ({"CTYPE1": "GLON"}, "CTYPE1 to CTYPE3 = GLON, Y, Z; allowed: X, Y, Z"),
        ({"CDELT3": 0.0}, "CDELT3 = 0.0, 81 cells; allowed: two or more"),
        ({"CDELT1": 0.1}, "covers R < 0 kpc"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, keys, said):
    path = write_cube(tmp_path / "gas.fits", PLANE, PLANE, HEIGHT, **keys)
    with pytest.raises(UserError, match=r"^medium\.gas = ") as refused:
        cube_density_cm3(path, 15.0)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_what_does_not_cover_the_disc_or_is_no_cube(tmp_path):
    small = write_cube(tmp_path / "small.fits", PLANE, PLANE, HEIGHT)
    with pytest.raises(UserError, match=r"allowed: at least source.R_d = 20 kpc and 0.3 kpc"):
        cube_density_cm3(small, 20.0)
    with pytest.raises(UserError, match="densities below zero"):
        cube_density_cm3(write_cube(tmp_path / "n.fits", PLANE, PLANE, HEIGHT, lambda X, Y, Z: X), 15.0)
    (tmp_path / "text.fits").write_text("nothing")
    with pytest.raises(UserError, match="allowed: a FITS file"):
        cube_density_cm3(tmp_path / "text.fits", 15.0)
    with pytest.raises(UserError, match="allowed: a FITS file"):
        cube_density_cm3(tmp_path / "missing.fits", 15.0)
    fits.PrimaryHDU(np.ones((4, 4))).writeto(tmp_path / "flat.fits")
    with pytest.raises(UserError, match="holds no cube"):
        cube_density_cm3(tmp_path / "flat.fits", 15.0)
