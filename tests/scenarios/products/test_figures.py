"""Figures of a run: their names, axes of one's own, both formats; after `reweight` they say the spectrum."""

import json
import pickle

import matplotlib.pyplot as plt
import numpy as np
import pytest
from astropy.io import fits
from contracts import run_of
from crhalo.fields.exceptions import UserError
from crhalo.maps import read_sky
from crhalo.maps.light.sky_model import ComponentMaps
from crhalo.mc.result import Result
from crhalo.scenarios import Run, load
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.products import protons, registry, skies, summary
from crhalo.scenarios.products.registry import made, write_run
from crhalo.scenarios.products.write import write_files

MEDIUM = "the medium is that of E^-2 from 1 GeV to 1 PeV, 1e+41 erg/s"


@pytest.fixture(scope="module")
def run(coarse_errors):
    return run_of("circumgalactic")


@pytest.fixture(scope="module")
def steeper(run):
    return run.reweight(slope=2.2)


@pytest.fixture(scope="module")
def folder(steeper, undrawn, tmp_path_factory):
    out = tmp_path_factory.mktemp("steeper")
    with undrawn(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "PRODUCTS", (summary.PRODUCT, skies.PRODUCT))
        write_run(steeper, out)
    return out


def texts(figure):
    return {text.get_text() for text in figure.findobj(plt.Text)}


def test_names(run):
    assert {"density_axis", "spectra", "sky_neutrino_10TeV"} < set(dir(run.figures))
    with pytest.raises(AttributeError, match="no_such_figure: allowed: density_axis, density_plane"):
        run.figures.no_such_figure  # noqa: B018


def test_they_can_be_sent_to_another_process(run):
    for product in registry.products_of(run):
        for draw in made(run, product).figures.values():
            assert pickle.dumps(draw())


def test_a_map_of_nothing_is_not_drawn():
    """Where nothing is in the gas outside there is no such map; the others say how well they are known."""
    flat = np.ones((1, 48))
    maps = {"disc": flat, "halo": 2.0 * flat, "cgm": 0.0 * flat}
    errors = {name: np.array([0.03]) for name in maps}
    sky = ComponentMaps(np.array([1e4]), maps, 0.1 * flat, errors, {})
    name, draw = skies._sky_figure(sky, "neutrino", 1e4)
    shown = {text for text in texts(draw()) if "known to" in text}
    assert name == "sky_neutrino_10TeV"
    assert {text.split(":")[0] for text in shown} == {
        "Total, known to 10.0%", "Galactic disc, known to 3.0%", "Halo, known to 3.0%",
    }  # fmt: skip


def test_one_panel_is_drawn_into_axes(run):
    figure, ax = plt.subplots()
    assert run.figures.density_axis(ax=ax) is figure
    assert figure.axes == [ax] and ax.get_xlabel() == "$z$  [kpc]" and len(ax.lines) > 2
    plt.close(figure)


def test_several_panels_take_the_place_of_axes(run):
    figure, (left, right) = plt.subplots(1, 2)
    part = run.figures.spectra(ax=right)
    assert part in figure.subfigs and left in figure.axes and right not in figure.axes
    assert len(part.axes) == 2
    with pytest.raises(UserError, match="ax: allowed: axes made by subplots"):
        run.figures.spectra(ax=figure.add_axes((0.1, 0.1, 0.2, 0.2)))
    plt.close(figure)


def test_both_formats(run, tmp_path, undrawn):
    figures = made(run, protons.PRODUCT).figures
    only = made(run, protons.PRODUCT)._replace(figures={"density_axis": figures["density_axis"]})
    for figure_format, start in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
        assert write_files(only, tmp_path, figure_format) == []
        assert (tmp_path / f"density_axis.{figure_format}").read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--format", "svg"], "--format 'svg': allowed: png, pdf"),
     (["--format", "pdf"], "--format pdf: allowed: with --redraw")],
)  # fmt: skip
def test_formats_that_are_none(options, said, folder, capsys):
    assert main(["show", str(folder), *options]) == 2
    assert said in capsys.readouterr().err.replace('"', "'")


def test_reweighted_run_says_its_spectrum(run, steeper):
    assert (run.spectrum.slope, steeper.spectrum.slope, steeper.scenario.source.slope) == (2.0, 2.2, 2.2)
    assert not run.reweighted and not run.notes
    assert steeper.notes == [steeper.reweighted]
    assert steeper.reweighted == f"injected E^-2.2 from 1 GeV to 1 PeV, 1e+41 erg/s; {MEDIUM}"
    again = steeper.reweight(E_max_GeV=1e5)
    assert again.reweighted == f"injected E^-2.2 from 1 GeV to 100 TeV, 1e+41 erg/s; {MEDIUM}"
    assert again.scenario.source.E_max == 1e5


def test_reweighted_figures_say_it(run, steeper):
    said = steeper.reweighted.replace("; ", "\n")
    for name in ("density_axis", "spectra"):
        assert said in texts(getattr(steeper.figures, name)())
        assert not any("injected" in text for text in texts(getattr(run.figures, name)()))
    figure, axes = plt.subplots(1, 2)
    for name, ax in zip(("density_axis", "escape_and_grammage"), axes, strict=True):
        assert said in texts(getattr(steeper.figures, name)(ax=ax))
    plt.close(figure)


def test_reweighted_files_say_it(steeper, folder, capsys):
    scenario = (folder / "scenario.toml").read_text()
    assert scenario.startswith(f"# {steeper.reweighted}\n") and "slope = 2.2" in scenario
    assert load(str(folder / "scenario.toml")) == steeper.scenario
    written = json.loads((folder / "summary.json").read_text())
    stored = Result.read(folder / "result.h5")
    sky = read_sky(folder / "sky_gamma.fits")
    for provenance in (written["provenance"], stored.provenance, sky.metadata):
        assert provenance["spectrum"] == steeper.spectrum.as_dict() and provenance["reweighted"] == MEDIUM
    assert stored.spectrum == steeper.spectrum
    header = fits.getheader(folder / "sky_gamma.fits")
    assert header["SPECTRUM"] == str(steeper.spectrum)
    assert main(["show", str(folder)]) == 0
    assert "injected E^-2.2" in capsys.readouterr().out


def test_reweighted_run_opens_in_its_medium(steeper, folder):
    back = Run.open(folder)
    assert back.scenario == steeper.scenario and back.reweighted == steeper.reweighted
    np.testing.assert_array_equal(back.medium.table.distance, steeper.medium.table.distance)


def test_its_particles_are_followed_again(folder, capsys):
    assert main(["replay", str(folder), "3"]) == 0
    assert "left" in capsys.readouterr().out
