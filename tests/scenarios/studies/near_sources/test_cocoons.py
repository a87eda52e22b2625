"""The study of many sources: what it writes, and that one seed is one sky."""

import json

import numpy as np
import pytest
from astropy.table import Table
from crhalo.maps.light.regions import REGIONS
from crhalo.maps.light.skyfile import read_sky
from crhalo.scenarios import load
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.studies.near_sources.cocoons import population_of

SMALL = [
    "cocoons.phases=['hot-ionised', 'diffuse-molecular']", "cocoons.cells=40", "cocoons.age=0.3 Myr",
    "cocoons.realisations=3", "sky.nside=16", "sky.energies=['10 GeV', '10 TeV', 3]", "source.E_max=100 TeV",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("cocoons") / "run"
    execute(load("cocoons").with_overrides(SMALL), out, 1)
    return out


@pytest.fixture(scope="module")
def table(folder):
    return Table.read(folder / "cocoons.ecsv")


def test_every_file_is_there(folder):
    skies = {f"sky_gamma_{name}.fits" for name in ("hot-ionised", "diffuse-molecular", "diffuse")}
    named = {"scenario.toml", "summary.json", "cocoons.json", "cocoons.ecsv", "cocoons.png"}
    assert {path.name for path in folder.iterdir()} == named | skies


def test_thick_gas_shines_and_thin_gas_does_not(table):
    inner = table[table["region"] == "lhaaso-inner"]
    hot, thick = (inner[inner["phase"] == name]["share"] for name in ("hot-ionised", "diffuse-molecular"))
    assert (hot < 0.01).all() and (thick > 0.5).all()
    assert (inner["share_error"] < inner["spread"]).all()


def test_the_table_is_the_mean_of_the_maps_of_the_diffuse_emission(folder, table):
    sky = read_sky(folder / "sky_gamma_diffuse.fits")
    shares = REGIONS["whole-sky"].shares(16)
    mean = sky.intensity @ (shares / shares.sum()) * sky.energy_GeV**2
    rows = table[(table["region"] == "whole-sky") & (table["phase"] == "hot-ionised")]
    np.testing.assert_allclose(rows["diffuse_E2_flux"], mean, rtol=1e-5)


def test_one_seed_is_one_sky(folder, tmp_path):
    execute(load("cocoons").with_overrides(SMALL), tmp_path / "again", 2)
    for name in ("sky_gamma_hot-ionised.fits", "cocoons.ecsv"):
        if name.endswith("fits"):
            a, b = (read_sky(each / name).intensity for each in (folder, tmp_path / "again"))
            np.testing.assert_array_equal(a, b)
    told = [json.loads((each / "summary.json").read_text()) for each in (folder, tmp_path / "again")]
    assert told[0]["share_of_the_diffuse_emission"] == told[1]["share_of_the_diffuse_emission"]


def test_the_luminosity_is_that_of_the_galaxy():
    population = population_of(load("cocoons"))
    assert population.per_Myr * 1e50 / 3.15576e13 == pytest.approx(1.0752e41, rel=1e-6)
    assert population.radial == "snr"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (["cocoons.realisations=1"], "cocoons.realisations = 1"),
        (["cocoons.energy_erg=2e51"], "up to cocoons.explosion_erg"),
        (["cocoons.density=3 cm-3"], "cocoons.density"),
        (["cocoons.L_c=1 pc", "cocoons.source_length=0.5 pc", "source.E_max=10 PeV"], "cocoons.L_c"),
        (["cocoons.height=-1 pc"], "cocoons.height"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(settings, named, capsys):
    told = [part for each in settings for part in ("--set", each)]
    assert main(["run", "cocoons", "--dry-run", *told]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "allowed" in message and named in message
