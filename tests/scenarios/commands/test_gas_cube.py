"""A run in the gas of a FITS cube of one's own, and cubes that are refused."""

import json

import numpy as np
import pytest
from astropy.io import fits
from crhalo.scenarios import Run, load
from crhalo.scenarios.commands.main import main
from cubes import write_cube

PLANE, HEIGHT = np.linspace(-16.0, 16.0, 33), np.linspace(-1.0, 1.0, 41)
SMALL = [
    "transport.particles=200", "transport.energy_range=['10 GeV', '10 TeV']",
    "sky.nside=2", "sky.energies=['100 GeV', '1 TeV', 2]",
]  # fmt: skip


def cube(path, times=1.0, **keys):
    """A disc of 1 cm^-3 on the plane, which falls by e in 100 pc, times a factor."""

    def density(X, Y, Z):
        return times * np.exp(-np.abs(Z) / 0.1)

    return write_cube(path, PLANE, PLANE, HEIGHT, density, **keys)


def missing(path):
    return "allowed: a FITS file"


def text(path):
    path.write_text("nothing\n" * 1000)
    return "allowed: a FITS file"


def folder(path):
    path.mkdir()
    return "allowed: a FITS file"


def cut_short(path):
    whole = cube(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return "allowed: a FITS file"


def flat(path):
    fits.PrimaryHDU(np.ones((4, 4))).writeto(path)
    return "holds no cube; allowed: an image of three axes"


def of_mass(path):
    cube(path, BUNIT="kg")
    return "BUNIT = 'kg'; allowed: a unit that converts to 1 / cm3"


def negative(path):
    cube(path, -1.0)
    return "has densities below zero"


def small(path):
    cube(path, CDELT1=0.5, CRVAL1=-8.0)
    return "allowed: at least source.R_d = 15 kpc and 0.3 kpc"


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
@pytest.mark.parametrize("make", [missing, text, folder, cut_short, flat, of_mass, negative, small])
def test_what_is_no_cube_of_gas_is_one_line(tmp_path, capsys, make, more):
    said = make(tmp_path / "x.fits")
    out = tmp_path / "run"
    where = more or ["--out", str(out)]
    assert main(["run", "milky-way", "--set", f"medium.gas={tmp_path / 'x.fits'}", *where]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("crhalo: medium.gas = ") and printed.err.count("\n") == 1
    assert str(tmp_path / "x.fits") in printed.err and said in printed.err and printed.out == ""
    assert not out.exists()


def test_what_is_neither_a_word_nor_a_cube(capsys):
    assert main(["run", "milky-way", "--dry-run", "--set", "medium.gas=mcmilan"]) == 2
    error = capsys.readouterr().err
    assert "medium.gas = 'mcmilan': did you mean mcmillan?" in error and ".fits" in error
    assert error.count("\n") == 1


@pytest.fixture(scope="module")
def runs(coarse_errors, undrawn, tmp_path_factory):
    """Runs of the whole command in a cube, and in one of half the density."""
    folder = tmp_path_factory.mktemp("cubes")
    outs = []
    for name, times in (("whole", 1.0), ("half", 0.5)):
        gas, out = cube(folder / f"{name}.fits", times), folder / name
        settings = [f"--set={each}" for each in (*SMALL, f"medium.gas={gas}")]
        with undrawn():
            assert main(["run", "milky-way", "--out", str(out), *settings]) == 0
        outs.append(out)
    return outs


def test_a_run_in_a_cube_writes_all_its_files(runs):
    written = {path.name for path in runs[0].iterdir()}
    assert {"result.h5", "summary.json", "sky_gamma.fits", "at_the_sun.ecsv", "local_spectra.png"} <= written
    assert load(runs[0] / "scenario.toml").medium.gas == str(runs[0].with_suffix(".fits"))


def test_half_the_gas_is_half_the_grammage(runs):
    """Of the disc; that of the halo, a tenth, stays as it is."""
    whole, half = (json.loads((out / "summary.json").read_text()) for out in runs)
    of_disc = [np.array(each["grammage_g_cm2"]["disc"]["value"]) for each in (half, whole)]
    # Where losses send one of few particles another way, a single energy may be off by more.
    assert np.median(of_disc[0] / of_disc[1]) == pytest.approx(0.5, rel=0.02)
    at_sun = [np.array(each["grammage_at_sun"]["hydrogen_g_cm2"]) for each in (half, whole)]
    assert np.all((at_sun[0] / at_sun[1] > 0.5) & (at_sun[0] / at_sun[1] < 0.6))
    boron = [np.array(each["boron_over_carbon_over_ams02"]["value"]) for each in (half, whole)]
    assert np.all((boron[0] / boron[1] > 0.5) & (boron[0] / boron[1] < 0.9))


def test_a_cube_of_a_uniform_disc_is_that_disc(runs):
    """The density in the table of the medium, beside that of gas = "uniform"."""
    medium = Run.open(runs[0]).medium
    R, z = np.array([2.0, 8.0, 14.0]), np.array([0.0, 0.05, 0.2])
    found = medium.gas_density_cm3(R, z)[:, 0]
    # Cells of 50 pc, between which it is linear.
    np.testing.assert_allclose(found, np.exp(-z / 0.1), rtol=0.12)
