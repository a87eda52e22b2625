"""Messages name what is wrong and say what to type."""

import pytest
from crhalo.scenarios.commands.main import main

CASES = {
    "--precision 2%": "--precision '2%': allowed: a number from 1e-06 to 1; 2% is 0.02",
    "--precision 3": "allowed: a number from 1e-06 to 1",
    "--particles 1.5": "transport.particles = 1.5: allowed: a whole number",
    "--set medium.z_B=2": 'medium.z_B = 2: did you mean "2 kpc"?',
    "--set medium.bell=True": "medium.bell = 'True': allowed: true or false",
    "--set medium.z_B=0.02kpc": "medium.z_B = 0.02 kpc: the halo field falls below the saturated field at",
    "--set medium.B0=0.01uG": "medium.B0: the halo field is below the saturated field already in the disc",
}


@pytest.mark.parametrize("words", CASES)
def test_what_to_type(words, capsys):
    assert main(["run", "circumgalactic", "--dry-run", *words.split()]) == 2
    error = capsys.readouterr().err
    assert CASES[words] in error and error.count("\n") == 1


@pytest.mark.parametrize("number", ["1e3", "1000"])
def test_whole_numbers_in_any_form(number, capsys):
    assert main(["run", "galaxies", "--dry-run", "--particles", number]) == 0
    assert capsys.readouterr().err == ""


def test_a_quantity_without_quotes(tmp_path, capsys):
    path = tmp_path / "mine.toml"
    path.write_text('title = "mine"\n[medium]\nz_B = 2 kpc  # high\n')
    assert main(["run", str(path), "--dry-run"]) == 2
    assert 'quantities are quoted: z_B = "2 kpc"' in capsys.readouterr().err


def test_a_byte_order_mark_is_read(tmp_path, capsys):
    path = tmp_path / "mine.toml"
    path.write_bytes(b'\xef\xbb\xbftitle = "mine"\n[medium]\nz_B = "0.02 kpc"\n')
    assert main(["run", str(path), "--dry-run"]) == 2
    assert "z_B = 0.02 kpc" in capsys.readouterr().err


def test_a_link_to_nothing(tmp_path, capsys):
    (tmp_path / "link").symlink_to(tmp_path / "nothing" / "there")
    assert main(["run", "circumgalactic", "--out", str(tmp_path / "link")]) == 2
    assert "a link to nothing" in capsys.readouterr().err


def test_a_tilde(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["show", "~/nothing"]) == 2
    assert str(tmp_path / "nothing") in capsys.readouterr().err
