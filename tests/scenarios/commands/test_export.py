"""`crhalo export`: a run in the forms of other codes, and what they cannot hold."""

import json

import numpy as np
import pytest
from astropy.io import fits
from crhalo.maps.export.crpropa import read_crpropa_grid
from crhalo.scenarios import load
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.commands.run import execute

SMALL = ["transport.particles=34", "sky.nside=8", "sky.energies=['10 GeV', '100 TeV', 3]"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("export") / "run"
    execute(load("free-escape").with_overrides(SMALL), out, 2)
    return out


def test_a_template_for_gammapy(folder, capsys):
    models = pytest.importorskip("gammapy.modeling.models")
    assert main(["export", str(folder), "--to", "gammapy", "--secondary", "neutrino"]) == 0
    model = models.TemplateSpatialModel.read(str(folder / "sky_template.fits"), normalize=False)
    assert model.map.geom.axes[0].name == "energy_true" and "sky_template.fits" in capsys.readouterr().out


def test_a_cube_for_hermes(folder, tmp_path):
    assert main(["export", str(folder), "--to", "hermes", "--out", str(tmp_path / "cube.fits")]) == 0
    with fits.open(tmp_path / "cube.fits") as file:
        assert file[1].data.shape == tuple(file[0].header[key] for key in ("dimz", "dimr", "dimE"))


def test_a_field_for_crpropa(tmp_path):
    lines = load("free-escape").with_overrides([*SMALL, "medium.field=x-shaped"])
    execute(lines, tmp_path / "run", 2)
    assert main(["export", str(tmp_path / "run"), "--to", "crpropa"]) == 0
    grid = read_crpropa_grid(tmp_path / "run" / "field_crpropa.dat")
    assert grid.B_uG.shape == (128, 128, 128, 3) and np.isfinite(grid.B_uG).all()
    assert json.loads((tmp_path / "run" / "field_crpropa.dat.json").read_text())["unit"] == "Gauss"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--to", "galprop"], "--to 'galprop': allowed: gammapy, hermes, crpropa"),
        (["--to", "gammapy", "--secondary", "electrons"], "allowed: gamma, neutrino"),
        (["--to", "crpropa"], 'medium.field = "isotropic": a strength without a direction'),
    ],
)
def test_what_a_form_cannot_hold_is_refused(words, why, folder, capsys):
    before = sorted(folder.iterdir())
    assert main(["export", str(folder), *words]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and why in said and sorted(folder.iterdir()) == before


def test_what_is_no_run_is_refused(tmp_path, capsys):
    assert main(["export", str(tmp_path), "--to", "hermes"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
