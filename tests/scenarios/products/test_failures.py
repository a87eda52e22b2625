"""A figure that cannot be drawn costs itself alone: a line says which, and it can be tried again."""

import json

import pytest
from crhalo.fields.exceptions import RunFailed
from crhalo.scenarios import load
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.products import skies
from crhalo.scenarios.products.registry import write_run

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
    with undrawn(), monkeypatch.context() as broken:
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

    with undrawn():
        monkeypatch.setattr(skies, "draw_spectra", full)
        with pytest.raises(OSError, match="No space left"):
            write_run(run, tmp_path)
    assert not (tmp_path / "summary.json").exists()
