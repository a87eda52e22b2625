"""`crhalo show`, and how numbers with errors are printed, by it and by other commands."""

import json
import os
import subprocess
import sys

import pytest
from cases import each
from crhalo.scenarios.commands.show import WIDTH, print_paper_numbers, print_summary, with_error

SUMMARY = {
    "scenario": "circumgalactic",
    "escaped": {"value": 4801, "error": 12.2},
    "energy_GeV": [1.0, 1e3, 1e7],
    "escape_time_Myr": {"value": [1234.5, 120.1, 1e-3], "error": [12.3, 3.0, 1e-5]},
    "grammage_disc_g_cm2": {"value": [12.0, 5.0, 0.0], "error": [1.0, 0.1, 0.0]},
    "grammage_halo_g_cm2": {"value": [12.0, 5.0, None], "error": [1.0, 0.1, None]},
    "grammage_circumgalactic_g_cm2": {"value": [12.0, 5.0, 1e-9], "error": [1.0, 0.1, 1e-10]},
    "neutrino": {
        "energy_GeV": [1, 2],
        "E2_flux_GeV_cm2_s_sr": {"value": [1e-9, 2e-10], "error": [1e-10, 3e-11]},
    },
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "summary.json").write_text(json.dumps(SUMMARY))
    return tmp_path


def test_errors_of_a_few_batches_are_pointed_out(crhalo, tmp_path):
    for batches in (2, 10):
        (tmp_path / "summary.json").write_text(json.dumps({"folds": batches}))
        assert ("do not trust" in crhalo("show", str(tmp_path))[1]) is (batches < 10)


@pytest.mark.parametrize(
    "content",
    ['{"a": ' * 500 + "1" + "}" * 500, '{"value": ' + "9" * 400 + "}", '{"energy_GeV": [' + "9" * 400 + "]}"],
)
def test_a_summary_that_is_none_is_refused(crhalo, tmp_path, content):
    (tmp_path / "summary.json").write_text(content)
    for json_too in ([], ["--json"]):
        assert crhalo("show", str(tmp_path), *json_too)[0] == 2


def test_names_in_a_summary_cannot_steer_the_terminal(crhalo, tmp_path):
    name = "\x1b]0;pwned\x07"
    precision = {name: {"value": 1.0, "error": 5e-324, "heavy_tailed": True}}
    (tmp_path / "summary.json").write_text(json.dumps({"precision": precision}))
    assert "\x1b" not in crhalo("show", str(tmp_path))[1]


def test_heavy_tails_are_pointed_out(crhalo, tmp_path):
    for heavy in (True, False):
        precision = {"cgm": {"value": 1.0, "error": 0.1, "heavy_tailed": heavy}}
        (tmp_path / "summary.json").write_text(json.dumps({"precision": precision}))
        assert ("cgm: heavy tails" in crhalo("show", str(tmp_path))[1]) is heavy


def test_show_aligns_spectra_with_energy_and_errors(crhalo, folder):
    code, out, _ = crhalo("show", str(folder), "--all")
    assert code == 0 and max(map(len, out.splitlines())) <= WIDTH
    assert "1234 ± 12" in out and "(1.00 ± 0.10)e-9" in out
    assert all(key in out for key in SUMMARY)


def test_show_json_is_the_summary(crhalo, folder):
    assert json.loads(crhalo("show", str(folder), "--json")[1]) == SUMMARY


def test_show_of_no_run_is_refused(crhalo, tmp_path):
    def refused(content):
        (tmp_path / "summary.json").write_bytes(content)
        code, _, error = crhalo("show", str(tmp_path))
        assert code == 2 and str(tmp_path) in error

    (tmp_path / "empty").mkdir()
    assert crhalo("show", str(tmp_path / "empty"))[0] == 2
    each([b"", b"[]", b"{", b"\xff", b"[" * 100_000], refused)


@pytest.mark.parametrize(("name", "says"), [("neutrinos", "did you mean neutrino?"), ("nope", "")])
def test_no_such_table_lists_those_that_there_are(crhalo, folder, name, says):
    code, _, error = crhalo("show", str(folder), "--table", name)
    assert code == 2 and f"no such table{': ' if says else ''}{says}; allowed: escaped" in error
    assert error.endswith("grammage_circumgalactic_g_cm2, neutrino\n") and "provenance" not in error


def test_measurements_are_for_figures_that_are_drawn(crhalo, folder):
    code, _, error = crhalo("show", str(folder), "--data", "ams02-bc")
    assert code == 2 and "--data 'ams02-bc': allowed: with --redraw" in error.replace('"', "'")


def test_show_prints_no_control_characters_nor_markup(capsys):
    print_summary({"[red]key\x1b[31m": "[bold]\x1b[2J", "table[/]": {"x": 1}})
    out = capsys.readouterr().out
    assert "\x1b" not in out and "[red]key" in out and "[bold]" in out and "table[/]" in out


def test_paper_numbers_fit_and_notes_are_given_once(capsys):
    row = {
        "name": "a" * 60,
        "source": "PRL Eq. 9",
        "paper": [1e4, 1e5],
        "ours": 2e4,
        "ratio": 1.0,
        "unit": "cm^2 s^-1",
    }
    print_paper_numbers([row, {**row, "note": "why"}, {**row, "note": "why"}])
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= WIDTH
    assert "1e4 - 1e5" in out and out.count("why") == 1


NUMBERS = [
    (1.0, None, "1"),
    (True, None, "true"),
    (None, None, "-"),
    (12.3456, 0.12, "12.35 ± 0.12"),
    (0.0, 1e-3, "0.0000 ± 0.0010"),
    (2.25e-8, 1e-9, "(2.25 ± 0.10)e-8"),
    (1e-12, 5e-9, "(0.0 ± 5.0)e-9"),
    (1.5e24, 2e22, "(1.500 ± 0.020)e24"),
    (float("nan"), 1.0, "nan"),
    (float("inf"), 1.0, "inf"),
    (5000, float("nan"), "5000"),
]


def test_number_with_its_error():
    def said(value, error, text):
        assert with_error(value, error) == text

    each(NUMBERS, said)


def test_installed_command_ends_quietly_when_its_reader_does(folder):
    script = "import sys; from crhalo.scenarios.commands.main import main; sys.exit(main())"
    command = [sys.executable, "-c", script]
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        argv = [*command, "show", str(folder), "--json"]
        done = subprocess.run(argv, stdout=closed, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and done.stderr == ""
