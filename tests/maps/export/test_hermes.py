"""The cube for HERMES, read back from the layout that its reader documents."""

import numpy as np
import pytest
from astropy.io import fits
from crhalo.fields.exceptions import UserError
from crhalo.fields.units import M_P_GEV
from crhalo.maps.export.hermes import CosmicRayCube, cube_of, write_hermes
from crhalo.scenarios import load

C_M_S = 299792458.0


def read_as_hermes(path):
    """Axes and density [GeV^-1 m^-3] at [z, r, E]: element (iz dimr + ir) dimE + iE of the image."""
    with fits.open(path) as file:
        header, image = file[0].header, file[1]
        assert (image.header["Z_"], image.header["A"]) == (1, 1)
        E = header["Ekmin"] * header["Ekin_fac"] ** np.arange(header["dimE"])
        r = np.linspace(header["rmin"], header["rmax"], header["dimr"])
        z = np.linspace(header["zmin"], header["zmax"], header["dimz"])
        flat = image.data.ravel()
        n = np.empty((z.size, r.size, E.size))
        for iz in range(z.size):
            for ir in range(r.size):
                first = (iz * r.size + ir) * E.size
                n[iz, ir] = flat[first : first + E.size]
    return E, r, z, n * 4.0 * np.pi / C_M_S


def made():
    rng = np.random.default_rng(1)
    E, R, z = np.geomspace(1.0, 1e4, 5), np.linspace(0.0, 10.0, 4), np.linspace(-2.0, 2.0, 7)
    return CosmicRayCube(E, R, z, rng.random((7, 4, 5)))


def test_every_value_is_where_hermes_looks_for_it(tmp_path):
    cube = made()
    write_hermes(cube, tmp_path / "cube.fits")
    E, r, z, n = read_as_hermes(tmp_path / "cube.fits")
    for found, known in zip((E, r, z), cube[:3], strict=True):
        np.testing.assert_allclose(found, known, rtol=1e-9)
    np.testing.assert_allclose(n, 1e6 * cube.density_GeV_cm3, rtol=1e-6)


def protons_of(run):
    sky = run.sky_model
    return sky.nodes_kpc, run.result.grid.current_edges_GeV, sky.protons_cm3()


@pytest.fixture(scope="module")
def run():
    return load("free-escape").run(particles=272, seed=1)


def test_the_cube_of_a_run_is_its_density(run):
    cube = cube_of(*protons_of(run), (10.0, 4.0), 0.5)
    assert cube.density_GeV_cm3.shape == (17, 21, cube.kinetic_GeV.size)
    np.testing.assert_array_equal(cube.density_GeV_cm3, cube.density_GeV_cm3[::-1])
    # Near the plane, averaged over the disc, at an energy with many particles.
    known = run.density([100.0])
    i = int(np.argmin(np.abs(cube.kinetic_GeV + M_P_GEV - 100.0)))
    weight = cube.R_kpc * (cube.R_kpc <= 10.0)
    near = float((cube.density_GeV_cm3[8, :, i] * weight).sum() / weight.sum())
    scale = (100.0 / (cube.kinetic_GeV[i] + M_P_GEV)) ** -2.7
    assert near / scale == pytest.approx(float(known.value[0]), rel=0.25)


def test_a_cube_beyond_the_medium_is_refused(run):
    with pytest.raises(UserError, match="a cube of 1000 and 4 kpc: allowed: within"):
        cube_of(*protons_of(run), (1000.0, 4.0))
