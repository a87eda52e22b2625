"""The study of expanding bubbles: what it writes, and what is refused before it follows anything."""

import csv
import json

import h5py
import numpy as np
import pytest
from crhalo.fields import bell
from crhalo.fields.galaxy import Galaxy
from crhalo.maps import read_sky
from crhalo.scenarios import load
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.commands.run import execute
from crhalo.scenarios.studies.expanding_bubble import bubble_of, speed_km_s, starting_gas

SMALL = [
    "expanding_bubble.delta_G=[300]", "expanding_bubble.ages=['20 Myr', '60 Myr']",
    "transport.r_max=200 kpc", "sky.nside=2", "sky.energies=['10 GeV', '100 TeV', 5]",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("bubble") / "run"
    execute(load("expanding-bubble").with_overrides(SMALL), out, 2)
    return out


@pytest.fixture(scope="module")
def found(folder):
    return json.loads((folder / "expanding_bubble.json").read_text())


def test_every_file_is_there(folder):
    names = {path.name for path in folder.iterdir()}
    skies = {f"sky_{kind}_{age}_Myr.fits" for kind in ("neutrino", "gamma") for age in (20, 60)}
    figures = {f"expanding_bubble_{name}.png" for name in ("profiles", "fronts", "budgets", "neutrinos")}
    tables = {f"expanding_bubble.{end}" for end in ("json", "csv", "h5")}
    assert names == {"scenario.toml", "summary.json"} | skies | figures | tables


def test_the_table_says_what_it_is(found):
    assert {"version", "scenario", "seed", "conventions", "machine"} <= set(found)
    told = " ".join(found["conventions"])
    for one in found["bubbles"]:
        for row in one["ages"]:
            assert all(name in told for name in row if name not in ("age_Myr", "injected_erg")), row.keys()


def test_all_energy_is_found(found):
    for one in found["bubbles"]:
        for row in one["ages"]:
            assert row["imbalance"] < 1e-3
            shares = row["energy_shares"]
            of_cosmic_rays = sum(shares[name] for name in ("cosmic_rays", "escaped", "pp", "cooled", "work"))
            assert of_cosmic_rays == pytest.approx(1.0, abs=1e-3)


def test_the_front_is_near_the_thin_shell_and_faster_than_the_paper(found):
    for one in found["bubbles"]:
        last = one["ages"][-1]
        # It starts from the wall, 7 kpc.
        assert 1.0 < last["front_kpc"] / last["self_similar_kpc"] < 1.25
        assert last["front_km_s"] > 20.0 * last["alfven_km_s"]["front"]
        assert 0.5 < last["front_km_s"] / last["momentum_km_s"]["front"] < 2.0


def test_neutrinos_agree_with_the_map(folder, found):
    neutrinos = np.array(found["bubbles"][0]["neutrino"])
    assert neutrinos.shape == (2, 5)
    sky = read_sky(folder / "sky_neutrino_60_Myr.fits")
    E = np.array(found["energy_GeV"])
    # 48 pixels; a tenth of a per cent of the light lies beyond what a map reaches.
    np.testing.assert_allclose(E**2 * sky.intensity.mean(axis=1), neutrinos[-1], rtol=0.03)


def test_profiles_can_be_read_without_the_package(folder, found):
    with h5py.File(folder / "expanding_bubble.h5") as file:
        assert {"version", "scenario", "conventions"} <= set(file.attrs)
        one = file["delta_G=300/age_Myr=60"]
        faces, density = one["faces_kpc"][:], one["density_cm3"][:]
        assert faces.size == density.size + 1 == one["speed_km_s"].size
        assert one["protons_cm3"].shape == (density.size + 1, one["p_edges_GeV"].size - 1)
        assert faces[0] == found["bubbles"][0]["ages"][-1]["contact_kpc"]


def test_rows_and_summary(folder):
    rows = list(csv.DictReader((folder / "expanding_bubble.csv").read_text().splitlines()))
    assert [(row["delta_G"], row["age_Myr"]) for row in rows] == [("300.0", "20.0"), ("300.0", "60.0")]
    summary = json.loads((folder / "summary.json").read_text())
    assert len(summary["delta_G=300"]["ratio_to_prl_17"]) == 2
    assert summary["provenance"]["scenario"].startswith("title")


def test_an_age_of_a_bubble_is_its_profiles():
    scenario = load("expanding-bubble").with_overrides(SMALL)
    bubble = bubble_of(scenario, 1000.0)[2].to(5.0)
    assert bubble.gas_cm3(150.0) == pytest.approx(2.5e-4, rel=0.02)
    assert bubble.speed_kpc_Myr(bubble.contact_kpc) == pytest.approx(bubble.u_kpc_Myr[0])


def test_hot_gas_has_its_overdensity_where_it_says():
    scenario = load("expanding-bubble").with_overrides(["expanding_bubble.gas=hot"])
    gas = starting_gas(scenario, 100.0)
    at = int(np.searchsorted(gas.r_kpc, 50.0)) - 1
    assert gas.density_cm3[at] == pytest.approx(2.47e-5, rel=0.05) and gas.gamma == pytest.approx(5 / 3)


def test_momentum_balance_is_that_of_the_flux():
    """466 km/s for delta_G = 100 where the flux is not diluted; 126 km/s at 50 kpc."""
    galaxy, gas = Galaxy(), starting_gas(load("expanding-bubble"), 100.0)
    assert speed_km_s("momentum", galaxy, gas, 7.05) == pytest.approx(466.0, rel=0.01)
    assert speed_km_s("momentum", galaxy, gas, 50.0) == pytest.approx(126.0, rel=0.01)
    assert bell.dilution(0.0, 50.0, 10.0) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        (["transport.r_max=300 kpc"], "expanding_bubble.delta_G = 1: the bubble leaves r_max"),
        (["expanding_bubble.temperature=0 K"], "expanding_bubble.temperature = "),
        (["expanding_bubble.temperature=-5 K"], "expanding_bubble.temperature = "),
        (["expanding_bubble.ages=['0 Myr', '1 Gyr']"], "expanding_bubble.ages"),
        (["expanding_bubble.ages=['1 Gyr', '1 Gyr']"], "allowed: rising"),
        (["expanding_bubble.gas=hot", "expanding_bubble.temperature=1e4 K"], "300000 K"),
        (["expanding_bubble.gas=warm"], "expanding_bubble.gas = "),
        (["expanding_bubble.delta_G=[]"], "expanding_bubble.delta_G"),
        (["expanding_bubble.delta_G=[10, 10]"], "allowed: each once"),
        (["medium.cgm_beta=0.5"], "medium.cgm_beta = 0.5"),
        (["medium.current=measured"], "prescribed"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(setting, named, capsys):
    settings = [part for each in setting for part in ("--set", each)]
    assert main(["run", "expanding-bubble", "--dry-run", *settings]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "allowed" in message and named in message


def test_what_is_found_on_the_way_is_refused_too(tmp_path, capsys):
    """Hot gas that falls off holds nothing; gas next to nothing is too fast."""
    hot = ["--set", "expanding_bubble.gas=hot", "--set", "transport.r_max=60 kpc"]
    fast = ["--set", "source.L_CR=1e46 erg/s", "--set", "expanding_bubble.ages=['1 Myr']"]
    for number, (settings, why) in enumerate(((hot, "leaves r_max = 60 kpc"), (fast, "faster than 0.03 c"))):
        out = str(tmp_path / str(number))
        assert (
            main(
                ["run", "expanding-bubble", "--out", out, "--set", "expanding_bubble.delta_G=[1]", *settings]
            )
            == 2
        )
        message = capsys.readouterr().err
        assert why in message.splitlines()[-1] and "expanding_bubble.delta_G = 1" in message
