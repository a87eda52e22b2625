"""Diffusion tests on tracks and their files, small."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from crhalo.fields.units import KPC2_MYR_CM2_S
from crhalo.mc.result import Result
from crhalo.scenarios import load
from crhalo.scenarios.build import check_orbits, given_medium
from crhalo.scenarios.commands.plan import plan
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.run import make_run
from crhalo.scenarios.studies.orbits import _across, _running

SMALL = ["transport.particles=128", "turbulence.energies=['2 PeV', '9.35 PeV', 2]", "turbulence.modes=200"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("tracks") / "run"
    execute(load("diffusion-check").with_overrides(SMALL), out, threads=2)
    return out


def test_every_product_is_written(folder):
    written = {path.name for path in folder.iterdir()}
    figures = {f"{name}.png" for name in ("diffusion", "running_diffusion", "exit_times", "turbulence")}
    assert {
        "scenario.toml",
        "verdict.json",
        "summary.json",
        "tracks_01_2PeV.h5",
        "hybrid_02_9.35PeV.h5",
    } <= written
    assert figures <= written


def test_two_measurements_of_running_D_are_two_lines():
    """They are of different tracks: between the early and the late ones there is a gap, and no jump."""

    def measured(path, level):
        along = {
            "path_kpc": path,
            "running": level + 0 * path,
            "running_error": 0.1 + 0 * path,
            "plateau": 2.0,
        }
        return SimpleNamespace(along=SimpleNamespace(**along))

    early, late = measured(np.arange(1.0, 5.0), 1.0), measured(np.arange(2.0, 10.0, 2.0), 2.0)
    path, D, _ = _running(SimpleNamespace(early=early, late=late, mean_free_path_kpc=1.0))
    np.testing.assert_array_equal(path, [1, 2, 3, 4, np.nan, 6, 8])
    np.testing.assert_array_equal(D, [0.5, 0.5, 0.5, 0.5, np.nan, 1.0, 1.0])
    assert np.isfinite(_running(SimpleNamespace(early=late, late=late, mean_free_path_kpc=1.0))[0]).all()


def test_D_across_the_field_is_in_the_summary():
    def tested(across):
        return SimpleNamespace(late=SimpleNamespace(across=across), speed_kpc_Myr=1.0)

    found = _across([tested(SimpleNamespace(plateau=2.0, plateau_error=0.1))] * 2)["D_perp_cm2_s"]
    np.testing.assert_allclose(found["value"], 2.0 * KPC2_MYR_CM2_S)
    np.testing.assert_allclose(found["error"], 0.1 * KPC2_MYR_CM2_S)
    assert _across([tested(None)]) == {}


def test_rows_are_whole(folder):
    written = json.loads((folder / "verdict.json").read_text())
    assert written["conventions"] and written["version"] and written["seed"] == 1
    low, high = written["rows"]
    for row in (low, high):
        assert row["flag"] in ("diffusive", "marginal", "ballistic", "not converged") and row["reason"]
        assert 0 < row["error"] < 0.3 * row["D_over_cLmax"]
        times = row["exit_time_Myr"]
        assert set(times) == {"tracks", "hybrid", "diffusive"}
        for name, time in times.items():
            ratio = row["grammage_g_cm2"][name]["value"] / time["value"]
            assert ratio == pytest.approx(1.5825, rel=0.01)  # m_p c n of 1 cm^-3, in g cm^-2 a Myr
        assert row["D_qlt"] is None and row["D_bohm"] > 0
    # r_L far above l_c: nearly straight, and out before diffusion would have it so.
    assert high["D_over_cLmax"] == pytest.approx(high["D_small_angle"], rel=0.3)
    assert high["mean_free_path_over_H"] > 1.0 > low["mean_free_path_over_H"]


def test_results_can_be_read_and_say_what_they_are(folder):
    result = Result.read(folder / "tracks_01_2PeV.h5")
    assert result.counters["absorbed"] == 128 == result.counters["injected"]
    assert (
        result.provenance["energy_GeV"] == pytest.approx(2e6)
        and "[turbulence]" in result.provenance["scenario"]
    )


def test_threads_do_not_change_a_bit(tmp_path, folder, undrawn):
    with undrawn():
        execute(load("diffusion-check").with_overrides(SMALL), tmp_path / "run", threads=1)
    assert (tmp_path / "run" / "verdict.json").read_bytes() == (folder / "verdict.json").read_bytes()


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (["turbulence.energies=['1 TeV', '9 PeV', 2]"], "turbulence.energies"),
        (["turbulence.modes=60"], "turbulence.modes"),
        (["turbulence.H=0.01 pc"], "turbulence.H"),
        (["turbulence.H=10 kpc"], "turbulence.energies"),
        (["transport.particles=20"], "transport.particles"),
        (["transport.particles=1000000"], "transport.particles"),
    ],
)
def test_what_cannot_be_right_is_refused_before_it_runs(settings, key, tmp_path):
    scenario = load("diffusion-check").with_overrides(settings)
    with pytest.raises(ScenarioError) as caught:
        execute(scenario, tmp_path / "run", 1)
    message = str(caught.value)
    assert message.startswith(key) and "allowed: " in message and "\n" not in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "settings, says",
    [
        (
            ["medium.field=tube"],
            "steps take .* core hours, most of them at .*; allowed: at most 2 core hours",
        ),
        (
            [
                "medium.field=tube",
                "medium.B0=0.001 uG",
                "source.E_max=10 PeV",
                "transport.energy_range=['5 PeV', '10 PeV']",
            ],
            "the waves in resonance, .* pc, are longer than the field at z = .* kpc varies over",
        ),
    ],
)
def test_orbits_along_lines_are_refused_with_the_reason(settings, says):
    scenario = load("free-escape").with_overrides(["transport.method=orbit", *settings])
    with pytest.raises(ScenarioError, match=says):
        check_orbits(scenario, given_medium(scenario))


def test_orbits_go_through_a_two_way_surface_only():
    settings = ["transport.method=orbit", "medium.field=x-shaped", "medium.two_way=false"]
    with pytest.raises(ScenarioError, match=r"medium\.two_way = false: allowed: true"):
        load("circumgalactic").with_overrides(settings)


def test_orbits_through_the_galaxy_are_refused_with_their_cost():
    scenario = load("free-escape").with_overrides(["transport.method=orbit"])
    with pytest.raises(ScenarioError, match=r"transport.energy_range: .* core hours, .*; allowed: "):
        make_run(scenario)


def test_plan_says_what_it_would_take():
    planned = plan(load("diffusion-check"), 2)
    assert len(planned["energy_GeV"]) == len(planned["minutes"]) == 9
    assert planned["minutes_in_all"] == pytest.approx(sum(planned["minutes"]))


def test_those_that_never_leave_are_no_diffusion(tmp_path):
    # Histories that end before anyone is out: a classification all the same, and figures.
    scenario = load("diffusion-check").with_overrides(
        # A seed with which D has converged: where it has not, that is the reason which is told.
        [*SMALL, "transport.t_max=0.001 Myr", "turbulence.H=5 kpc", "transport.seed=2"]
    )
    execute(scenario, tmp_path / "run", threads=2)
    rows = json.loads((tmp_path / "run" / "verdict.json").read_text())["rows"]
    assert [row["flag"] for row in rows] == ["not converged"] * 2
    assert all(row["inside_at_end"] == 128 and "still inside" in row["reason"] for row in rows)
    assert all(row["exit_time_over_diffusive"] is None for row in rows)
