"""A scenario run end to end, small: the files, their numbers, and the same bits on any number of threads."""

import hashlib
import json

import h5py
import numpy as np
import pytest
from crhalo.fields.exceptions import RunFailed
from crhalo.maps.light.skyfile import read_sky
from crhalo.mc.engine import LostError
from crhalo.mc.result import Result
from crhalo.scenarios import load
from crhalo.scenarios import run as running
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.folder.lock import only_one_run_in
from crhalo.scenarios.products import skies
from crhalo.scenarios.run import RunOptions, make_run

SMALL = [
    "transport.particles=120",
    "transport.energy_range=['10 TeV', '1 PeV']",
    "medium.delta_G=1e4",
    "sky.nside=8",
    "sky.energies=['1 TeV', '100 TeV', 3]",
]
FIGURES = ["density_axis", "density_plane", "escape_and_grammage", "spectra"]


def small(name, *settings):
    return load(name).with_overrides([*SMALL, *settings])


@pytest.fixture(scope="module", params=["circumgalactic", "free-escape", "one-way"])
def folder(request, coarse_errors, undrawn, tmp_path_factory):
    """The files of a small run of each kind."""
    one_way = request.param == "one-way"
    scenario = small("circumgalactic", "medium.two_way=false") if one_way else small(request.param)
    out = tmp_path_factory.mktemp("runs") / request.param
    with undrawn():
        execute(scenario, out, threads=2)
    return out


def test_every_product_is_written(folder):
    written = {path.name for path in folder.iterdir()}
    assert {"scenario.toml", "result.h5", "summary.json", "sky_neutrino.fits", "sky_gamma.fits"} <= written
    assert {f"{name}.png" for name in FIGURES} <= written
    assert not [name for name in written if name.endswith(".part")]


def test_summary_is_finite_or_null_and_adds_up(folder):
    summary = json.loads((folder / "summary.json").read_text())
    counters = summary["counters"]
    assert counters["injected"] == 120 == summary["particles"]
    assert counters["injected"] == sum(
        counters[fate] for fate in ("escaped", "absorbed", "alive", "capped", "lost")
    )
    assert counters["lost"] == counters["capped"] == 0
    points = len(summary["energy_GeV"])
    for key in ("escape_time_Myr", "galactic_density", "galactic_density_over_no_return"):
        assert len(summary[key]["value"]) == len(summary[key]["error"]) == points
        assert all(value > 0 for value in summary[key]["value"])
    for secondary in ("neutrino", "gamma"):
        flux = summary[secondary]["E2_flux_GeV_cm2_s_sr"]["value"]
        parts = [
            summary[secondary][name]["E2_flux_GeV_cm2_s_sr"]["value"] for name in ("disc", "halo", "cgm")
        ]
        np.testing.assert_allclose(np.sum(parts, axis=0), flux, rtol=1e-4)


def test_sky_averages_are_those_of_the_map(folder):
    summary = json.loads((folder / "summary.json").read_text())
    cube = read_sky(folder / "sky_neutrino.fits")
    flux = summary["neutrino"]["E2_flux_GeV_cm2_s_sr"]["value"]
    np.testing.assert_allclose(cube.energy_GeV**2 * cube.intensity.mean(axis=1), flux, rtol=1e-4)
    assert cube.flavours == "per flavour" and "scenario" in cube.metadata


def test_result_reads_back_and_reweights(folder):
    result = Result.read(folder / "result.h5")
    harder = result.reweight(slope=2.2, E_min_GeV=1e4)
    assert harder.counters == result.counters and "reweighted" in harder.provenance


def test_no_return_means_no_return(folder):
    if folder.name == "circumgalactic":
        pytest.skip("particles return there")
    ratio = json.loads((folder / "summary.json").read_text())["galactic_density_over_no_return"]["value"]
    np.testing.assert_allclose(ratio, 1.0, rtol=1e-12)


def test_what_was_followed_is_not_lost_with_the_figures(coarse_errors, undrawn, tmp_path, monkeypatch):
    """A run that is stopped while its maps are made goes on from all of its particles."""
    sky = "sky.nside=1", "sky.energies=['1 TeV', '10 TeV', 2]"
    scenario, out = small("free-escape", *sky), tmp_path / "run"
    make_run(scenario, 2).result.write(tmp_path / "alone.h5")

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(skies, "write_sky", stop)
    with pytest.raises(KeyboardInterrupt):
        execute(scenario, out, 2)
    monkeypatch.undo()
    with undrawn():
        execute(scenario, out, 2, options=RunOptions(resume=True))
    assert json.loads((out / "summary.json").read_text())["blocks_resumed"] > 0
    assert digest(out / "result.h5") == digest(tmp_path / "alone.h5")
    assert not list(out.glob("checkpoint*")) and not (out / ".lock").exists()


def test_a_folder_is_for_one_run_at_a_time(tmp_path):
    with only_one_run_in(tmp_path / "run"):
        with pytest.raises(ScenarioError, match="another run is at work there"):
            execute(small("free-escape"), tmp_path / "run", 2)
        assert (tmp_path / "run" / ".lock").exists()
    # Nothing was written there.
    assert not (tmp_path / "run").exists()


def test_a_lock_that_was_removed_locks_nobody_out(tmp_path):
    """Who opened the file before it was removed must not believe that it holds the folder."""
    with only_one_run_in(tmp_path):
        (tmp_path / ".lock").unlink()
        with only_one_run_in(tmp_path):
            pass


def test_lost_particles_are_named_in_a_file(tmp_path, monkeypatch):
    def lose(*_, **__):
        raise LostError(3, [5, 9, 11])

    monkeypatch.setattr(running, "run", lose)
    with pytest.raises(RunFailed, match=r"replay .* 5 follows"):
        execute(small("free-escape"), tmp_path / "run", 2)
    assert json.loads((tmp_path / "run" / "lost.json").read_text())["lost_particles"] == [5, 9, 11]
    assert (tmp_path / "run" / "scenario.toml").exists()


def digest(path):
    """SHA-256 of every dataset of a file."""
    sha = hashlib.sha256()
    with h5py.File(path) as file:

        def feed(name, item):
            if isinstance(item, h5py.Dataset):
                sha.update(name.encode() + item[...].tobytes())

        file.visititems(feed)
    return sha.hexdigest()


def test_threads_do_not_change_a_bit(tmp_path):
    scenario = small("circumgalactic", "transport.particles=300")
    for threads in (1, 2):
        make_run(scenario, threads).result.write(tmp_path / f"{threads}.h5")
    assert digest(tmp_path / "1.h5") == digest(tmp_path / "2.h5")
    make_run(scenario.with_overrides(["transport.seed=2"]), 2).result.write(tmp_path / "other.h5")
    assert digest(tmp_path / "other.h5") != digest(tmp_path / "1.h5")
