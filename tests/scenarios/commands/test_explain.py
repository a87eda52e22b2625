"""`crhalo explain` says of every key what it means; `crhalo new` copies a scenario."""

import pytest
from cases import each
from crhalo.scenarios import load
from crhalo.scenarios.commands.explain import default_of, rows_of
from crhalo.scenarios.file.keys import all_keys

SAID = {
    "medium.delta_G": [
        "Overdensity of the circumgalactic gas",
        "a number from 0.001 to 1000000",
        "set to 100",
    ],
    "medium.z_B": ["kpc, or any that converts to it", '"0.01 kpc" to "100 kpc"', '"2 kpc"', "circumgalactic"],
    "medium.bell": ["true or false", "set to false"],
    "medium.halo": ["exponential, constant"],
    "diffusion": ["[diffusion]", "D0", '"5e28 cm2/s"', "d ln D/d ln R below the break"],
}
REFUSED = {
    "medium.deltaG": "did you mean medium.delta_G",
    "D0": "'D0': no such key: did you mean two_zone.D0 or diffusion.D0?",
    "nonsense": "no such key; allowed: medium, source, transport",
    "title": "no such key",
}


@pytest.mark.parametrize("key", SAID)
def test_what_a_key_means(key, crhalo):
    code, out, _ = crhalo("explain", key)
    assert code == 0 and not [said for said in SAID[key] if said not in " ".join(out.split())], out


@pytest.mark.parametrize("key", REFUSED)
def test_keys_that_there_are_not(key, crhalo):
    code, _, err = crhalo("explain", key)
    assert code == 2 and REFUSED[key] in err


def test_every_key_has_its_meaning_and_its_range():
    def is_explained(name, table):
        rows = dict(rows_of(name, table))
        assert len(rows["meaning"]) >= 4 and rows["allowed"]
        assert rows["default"] == default_of(table, name.partition(".")[2])

    keys = all_keys()
    assert len(keys) > 150
    each(keys.items(), is_explained)


def test_a_copy_is_the_scenario(crhalo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = crhalo("new", "milky-way")
    assert code == 0 and "crhalo run milky-way.toml" in out
    assert load("milky-way.toml") == load("milky-way") and "#" in (tmp_path / "milky-way.toml").read_text()
    assert crhalo("new", "milky-way.toml", "--out", "mine.toml")[0] == 0
    assert load("mine.toml") == load("milky-way")
    for words, said in (
        (["milky-way"], "it is there; allowed: --out with another name"),
        (["milkyway"], "no such scenario: did you mean milky-way?"),
        (["milky-way", "--out", "mine.txt"], "allowed: a name that ends in .toml"),
        (["nothing.toml"], "no such file"),
    ):
        code, _, err = crhalo("new", *words)
        assert code == 2 and said in err, err
