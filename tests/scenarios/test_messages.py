"""Messages name what is wrong and say what to type."""

import pytest
from crhalo.scenarios import load
from crhalo.scenarios.commands.main import main

CASES = {
    "--precision 2%": "--precision '2%': allowed: a number from 1e-06 to 1; 2% is 0.02",
    "--precision 3": "allowed: a number from 1e-06 to 1",
    "--particles 1.5": "transport.particles = 1.5: allowed: a whole number",
    "--set medium.z_B=2": 'medium.z_B = 2: did you mean "2 kpc"?',
    "--set medium.bell=True": "medium.bell = 'True': allowed: true or false",
    "--set medium.z_B=0.02kpc": "medium.z_B = 0.02 kpc: the halo field falls below the saturated field at",
    "--set medium.B0=0.01uG": "medium.B0: the halo field is below the saturated field already in the disc",
    "--set medium.field=azimuthal": "medium.field: the line from R = 0.12 kpc closes inside the disc",
    "--set medium.field=xshaped": "medium.field = 'xshaped': did you mean x-shaped?",
    "--set medium.field=tube": 'medium.bell = true: allowed: false where medium.field = "tube"',
    "--set medium.field=x-shaped --set medium.B_pol=1uG": "exceeds that of the halo, which falls faster than",
    "--set medium.field=x-shaped --set medium.bell=false --set medium.halo=constant --set medium.B_pol=5uG":
        'medium.B_pol = "5 uG": the poloidal field exceeds that of the halo',
    "--set medium.field=x-shaped --set medium.epsilon=2": "medium.epsilon = 2: allowed: a number from 0 to 1",
    "--set delta_G=10": "delta_G: no such key: did you mean medium.delta_G?",
    "--set medium.z_B=3 kpc": "extra argument(s) (kpc); a value with a space is quoted: 'medium.z_B=3 kpc'",
    "--set medium.outflow=wind":
        "medium.outflow = 'wind': allowed: in a scenario with a [wind], as circumgalactic-wind",
    "--set wind.speed=3km/s": "allowed: in a scenario with a [wind], as circumgalactic-wind",
    "--set medium.waves=two-zone":
        "medium.waves = 'two-zone': allowed: in a scenario with a [two_zone], as two-zone",
    "--data ams02-protons": "(what figures of this scenario show); it is shown by ",
    "--data icecube": "data 'icecube': did you mean icecube-mese or icecube-hese or icecube-tracks?",
    "--set medium.epsilon=0.1": 'medium.epsilon = 0.1: allowed: where medium.field is not "isotropic"',
    "--set medium.wander=1pc": 'allowed: where medium.field is not "isotropic"',
    "--set medium.drifts=true": 'medium.drifts = true: allowed: where medium.field is not "isotropic"',
    "--set medium.field=x-shaped --set transport.method=hybrid":
        'transport.method = "hybrid": allowed: "auto", "guiding-centre", "flight" or "orbit", along',
    "--set transport.method=guiding-centre":
        'transport.method = "guiding-centre": allowed: where medium.field is not "isotropic"',
}  # fmt: skip


@pytest.mark.parametrize("words", CASES)
def test_what_to_type(words, capsys):
    assert main(["run", "circumgalactic", "--dry-run", *words.split()]) == 2
    error = capsys.readouterr().err
    assert CASES[words] in error and error.count("\n") == 1


def test_waves_of_their_own_make_no_lines(tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["run", "cascade-halo", "--out", str(out), "--set", "medium.field=x-shaped"]) == 2
    error = capsys.readouterr().err
    assert 'allowed: "isotropic" for "self-consistent" waves' in error and error.count("\n") == 1
    assert not out.exists()


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


def test_what_needs_no_table_that_is_there(capsys):
    assert main(["run", "circumgalactic-wind", "--dry-run", "--set", "medium.outflow=alfven"]) == 2
    assert "medium.outflow = 'alfven': allowed: \"wind\" with a [wind]" in capsys.readouterr().err


def test_a_part_of_a_name_finds_it(capsys):
    assert main(["run", "limits", "--dry-run"]) == 2
    assert "did you mean circumgalactic-limits? or a path, which ends in .toml" in capsys.readouterr().err


def test_one_setting_needs_no_list():
    scenario = load("circumgalactic")
    assert scenario.with_overrides("medium.delta_G=10") == scenario.with_overrides(["medium.delta_G=10"])


@pytest.mark.parametrize(
    "words",
    [
        "export {run} --to hermes --out {file}/x.fits",
        "new circumgalactic --out {file}/x.toml",
        "bench --scaling --out {file}/x",
        "export {run} --to hermes --out {nowhere}/x",
    ],
)
def test_where_nothing_can_be_written_nothing_is_computed(words, tmp_path, capsys):
    (tmp_path / "file").touch()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "summary.json").write_text("{}")
    places = {name: str(tmp_path / name) for name in ("run", "file", "nowhere")}
    assert main(words.format(**places).split()) == 2
    error = capsys.readouterr().err
    assert error.startswith("crhalo: --out ") and "allowed: a " in error and error.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"file", "run"}
