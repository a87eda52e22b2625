"""A figure that cannot be drawn costs itself alone: a line says which, and it can be tried again."""

import json
import os
import subprocess
import sys

import pytest
from crhalo.fields.exceptions import RunFailed
from crhalo.maps.figures.page import new_figure
from crhalo.scenarios import load
from crhalo.scenarios.build import find_medium
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.products import skies
from crhalo.scenarios.products.product import Made
from crhalo.scenarios.products.registry import write_run
from crhalo.scenarios.products.rehearsal import rehearse
from crhalo.scenarios.products.write import write_files

SETTINGS = [
    "medium.delta_G=1e4", "transport.energy_range=['10 TeV', '1 PeV']", "transport.r_max=30 kpc",
    "sky.nside=2", "sky.energies=['1 TeV', '100 TeV', 3]",
]  # fmt: skip


@pytest.fixture
def run(coarse_errors):
    return load("circumgalactic").with_overrides(SETTINGS).run(particles=64, seed=1)


def refuse(*_, **__):
    raise ValueError("cannot draw\nthis")


def test_a_figure_that_fails(run, undrawn, tmp_path, monkeypatch, capsys):
    with undrawn(but=["spectra"]), monkeypatch.context() as broken:
        broken.setattr(skies, "draw_spectra", refuse)
        with pytest.raises(RunFailed, match=r"spectra.png: ValueError: cannot draw.*--redraw tries again"):
            write_run(run, tmp_path)
    written = {path.name for path in tmp_path.iterdir()}
    assert {"summary.json", "result.h5", "sky_gamma.fits", "density_axis.png"} <= written
    assert "spectra.png" not in written
    assert "galactic_density" in json.loads((tmp_path / "summary.json").read_text())
    with undrawn():
        assert main(["show", str(tmp_path), "--redraw"]) == 0
    assert (tmp_path / "spectra.png").exists() and "escape time" in capsys.readouterr().out


def test_a_product_that_fails(run, undrawn, tmp_path, monkeypatch):
    with undrawn():
        monkeypatch.setattr(skies, "spectra", refuse)
        with pytest.raises(RunFailed, match="skies: ValueError"):
            write_run(run, tmp_path)
    assert (tmp_path / "density_axis.png").exists() and (tmp_path / "summary.json").exists()


def test_a_full_disk_is_not_a_figure_that_fails(run, undrawn, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "x")

    with undrawn(but=["spectra"]):
        monkeypatch.setattr(skies, "draw_spectra", full)
        with pytest.raises(OSError, match="No space left"):
            write_run(run, tmp_path)
    assert not (tmp_path / "summary.json").exists()


def test_a_style_of_the_users_own_does_not_matter(tmp_path):
    """TeX in a matplotlibrc, where there is no LaTeX."""
    import matplotlib

    with matplotlib.rc_context({"text.usetex": True, "axes.grid": True, "font.size": 30.0}):
        assert write_files(Made({}, figures={"mine": lambda ax: _figure()}), tmp_path) == []
        assert matplotlib.rcParams["text.usetex"]
    with matplotlib.rc_context({}):
        write_files(Made({}, figures={"plain": lambda ax: _figure()}), tmp_path)
    assert (tmp_path / "mine.png").read_bytes() == (tmp_path / "plain.png").read_bytes()


def _figure():
    figure = new_figure(2.0, 2.0)
    figure.subplots().set_title("a figure")
    return figure


def test_a_backend_that_does_not_exist_stops_nothing():
    script = (
        "import atexit; atexit.register(lambda: __import__('matplotlib'));"
        "from crhalo.scenarios.commands.entry_point import program; program()"
    )
    command = [sys.executable, "-c", script, "--version"]
    asked = os.environ | {"MPLBACKEND": "nonsense"}
    done = subprocess.run(command, env=asked, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""


def test_a_rehearsal_finds_what_would_fail(coarse_errors, monkeypatch):
    scenario = load("free-escape").with_overrides(SETTINGS[1:])
    setup = find_medium(scenario, 1)
    assert rehearse(scenario, setup) == []
    monkeypatch.setattr(skies, "draw_spectra", refuse)
    monkeypatch.setattr(skies, "write_sky", refuse)
    lines = rehearse(scenario, setup)
    assert [line.partition(":")[0] for line in lines] == ["sky_neutrino.fits", "sky_gamma.fits", "spectra"]
