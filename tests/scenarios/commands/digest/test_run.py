"""The page that a run ends with: few lines, values with errors at a few energies, and what not to trust."""

import json

import numpy as np
import pytest
from crhalo.scenarios.commands.digest.run import LINES, print_digest, shown_energies
from crhalo.scenarios.commands.main import main

ENERGIES = [1.78, 10.0, 100.0, 1000.0, 1e4, 1e5, 1e6, 5.6e6]
FLUX = {"energy_GeV": ENERGIES, "E2_flux_GeV_cm2_s_sr": {"value": [1e-7] * 8, "error": [2e-9] * 8}}


def spectrum(first):
    value = first * np.array(ENERGIES) ** -0.9
    return {"value": value.tolist(), "error": (0.02 * value).tolist()}


RUN = {
    "energy_GeV": ENERGIES,
    "escape_time_Myr": spectrum(1000.0) | {"escaped_fraction": [1.0] * 8},
    "leave_time_Myr": {"median": {"value": [None] * 5 + [300.0, 30.0, 6.0], "error": [None] * 5 + [9.0] * 3}},
    "grammage_g_cm2": {"disc": spectrum(80.0), "halo": spectrum(12.0)},
    "galactic_density": spectrum(2e5),
    "protons_over_ams02": {
        "rigidity_GV": [10.0, 100.0, 1000.0],
        "modulation_GV": 0.5,
        "value": [5.9, 12.0, None],
        "error": [0.4, 1.0, None],
    },
    "neutrino": FLUX | {"cgm": FLUX},
    "energy": {
        "injected_erg_s": {"value": 1.1e41, "error": 1e39},
        "stored": {"value": 0.0, "error": 0.0},
        "escaped": {"value": 0.612, "error": 0.002},
        "adiabatic_behind": {"value": 0.1355, "error": 0.0006},
        "wall": {"value": 0.25, "error": 0.001},
        "pp": {"value": 2e-4, "error": 1e-6},
        "unaccounted": {"value": 0.0023, "error": 0.003},
    },
    "balance": {"P_CR_over_rho_u2": {"value": 5.9e4, "error": 1.2e3}, "rho_u2_erg_cm3": 1.8e-17},
    "counters": {"injected": 544, "escaped": 300, "absorbed": 0, "alive": 240, "capped": 4, "lost": 0},
    "particles": 544,
    "folds": 12,
    "wall_time_s": 12.3,
    "precision": {"cgm_neutrinos_10TeV": {"value": 1.0, "error": 0.1, "heavy_tailed": True}},
    "lambda_not_small_above_GeV": {"disc": 1.4e4, "edge": 54.0, "far": None},
    "provenance": {"version": "0.1.0", "seed": 7, "scenario": 'title = "A halo"'},
}


@pytest.fixture
def page(tmp_path, capsys):
    def page(summary):
        for name in ("summary.json", "result.h5", "sky_gamma.fits", *(f"figure_{i}.png" for i in range(30))):
            (tmp_path / name).write_text("")
        print_digest(summary, tmp_path)
        return capsys.readouterr().out

    return page


def test_a_run(page):
    out = page(RUN)
    assert len(out.splitlines()) <= LINES and max(map(len, out.splitlines())) <= 100
    assert "A halo  (crhalo 0.1.0, seed 7)" in out
    assert "544 particles, in 12 s: 300 left through the outer sphere, 240 still on their way" in out
    lines = {line.split("  ")[1]: line.split() for line in out.splitlines() if line.startswith("  ")}
    assert lines["energy"] == ["energy", "10", "GeV", "1", "TeV", "100", "TeV"]
    assert lines["escape time, mean [Myr]"][-9:] == "125.9 ± 2.5 1.995 ± 0.040 0.03162 ± 0.00063".split()
    assert lines["leaving time, median [Myr]"][-5:] == ["-", "-", "300.0", "±", "9.0"]
    assert "cgm_neutrinos_10TeV: heavy tails" in out
    assert "over AMS-02: protons 5.90 ± 0.40 at 10 GV, 12.0 ± 1.0 at 100 GV, - at 1000 GV" in out
    folded = " ".join(out.split())
    assert "from 14 TeV (disc); 54 GeV (edge)" in folded and "4 particles were given up" in folded
    assert "skies: sky_gamma.fits" in out and "and 18 more" in out


def test_where_the_energy_goes_and_whether_the_outflow_is_in_balance(page):
    out = " ".join(page(RUN).split())
    assert "25.0% to it at the wall, 0.23 ± 0.30% unaccounted for" in out and "collisions" not in out
    rounding = RUN | {"energy": RUN["energy"] | {"unaccounted": {"value": -3e-11, "error": 1e-11}}}
    assert "wall, nothing unaccounted for" in " ".join(page(rounding).split())
    assert (
        "! the outflow is not in momentum balance: P_CR behind the wall is 59000 ± 1200 times rho u^2" in out
    )
    for ratio in (0.34, 1.0, 2.9):
        assert "balance" not in page(RUN | {"balance": {"P_CR_over_rho_u2": {"value": ratio, "error": 0.1}}})
    assert "not in momentum balance" in page(RUN | {"balance": {"P_CR_over_rho_u2": 0.3}})


def test_errors_of_few_batches_are_not_shown(page):
    """Two batches of 272 and 28 particles gave 69.40 +- 0.12 for what is 0.2."""
    out = page(RUN | {"folds": 2})
    assert "those of 2 batches only" in out and " ± " not in out
    assert " ± " in page(RUN)


def test_what_a_run_does_not_have_is_left_out(page):
    out = page({key: value for key, value in RUN.items() if key not in ("neutrino", "precision", "folds")})
    assert "neutrino E2I" not in out and "!" in out and "batches" not in out
    assert "density outside" not in out


@pytest.mark.parametrize(
    ("there", "shown"),
    [
        (ENERGIES, [10.0, 1e3, 1e5]),
        ([1e5, 3e5, 1e6], [1e5, 3e5, 1e6]),
        ([2e5, 5e5, 1e6, 2e6, 3e6, 4e6], [2e5, 1e6, 3e6]),
        ([1e3], [1e3]),
        ([], []),
        (None, []),
        (["a", None, True], []),
    ],
)
def test_energies(there, shown):
    assert shown_energies({"energy_GeV": there}) == shown


def test_a_study_whose_tables_are_alike_stands_side_by_side(page):
    out = page(
        {
            "title": "Galaxies",
            "cutoff": {"1 nG": 4e8},
            "SMC": {"u": 5.3, "B": 0.01},
            "M31": {"u": 2.3, "B": 2.0},
        }
    )
    assert any(line.split() == ["SMC", "M31"] for line in out.splitlines())
    assert any(line.split() == ["u", "5.3", "2.3"] for line in out.splitlines())


def test_a_study_of_many_tables_is_cut(page):
    tables = {
        f"medium {i}": {"energy_GeV": ENERGIES, "density": spectrum(i + 1.0), "limit": i} for i in range(40)
    }
    out = page({"title": "Many", **tables})
    assert len(out.splitlines()) <= LINES and "... and" in out and "at 5.6 PeV" in out


@pytest.mark.parametrize(
    "broken", [None, [], "text", {}, {"value": 3}, {"value": [1.0], "error": None}, [[1]], True]
)
@pytest.mark.parametrize("key", [*RUN, "medium 1"])
def test_summaries_of_any_shape_are_told(page, key, broken):
    assert len(page(RUN | {key: broken}).splitlines()) <= LINES


def test_one_table_by_its_name(tmp_path, capsys):
    (tmp_path / "summary.json").write_text(json.dumps(RUN))
    assert main(["show", str(tmp_path), "--table", "grammage_g_cm2"]) == 0
    out = capsys.readouterr().out
    assert "disc" in out and "halo" in out and "neutrino" not in out and "100" in out
    assert main(["show", str(tmp_path), "--table", "neutrino", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["neutrino"]["cgm"] == FLUX
    assert main(["show", str(tmp_path), "--table", "Neutrino"]) == 2
    assert "did you mean neutrino? tables are case-sensitive" in capsys.readouterr().err
    assert main(["show", str(tmp_path), "--all"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > LINES
