"""Figures of expanding bubbles: one overdensity, no closed form, ages before the gas moves."""

import numpy as np
import pytest
from crhalo.maps.figures.bubbles import budgets, fronts, neutrinos, profiles
from crhalo.maps.figures.page import save
from crhalo.mc.coupled.bubble_start import faces_kpc, groups_of, hydrostatic_gas
from crhalo.mc.coupled.expanding_bubble import ExpandingBubble
from crhalo.mc.spectrum import Spectrum
from matplotlib.image import imread

ENERGY = np.geomspace(1.0, 1e5, 6)


@pytest.fixture(scope="module")
def ages():
    gas = hydrostatic_gas(faces_kpc(7.0, 300.0, 40), 1e-5, 50.0, 1e6)
    bubble = ExpandingBubble(gas, groups_of(Spectrum(), 24, 4))
    return [bubble.to(age) for age in (1e-3, 30.0, 60.0)]


@pytest.fixture(scope="module")
def table(ages):
    shares = [
        {name: each / one.energy_erg["injected"] for name, each in one.energy_erg.items()} for one in ages
    ]
    rows = [
        {"age_Myr": one.age_Myr, "momentum_km_s": {"front": 100.0}, "alfven_km_s": {"front": 1.0}}
        for one in ages
    ]
    history = {
        "age_Myr": [one.age_Myr for one in ages],
        "contact_kpc": [one.contact_kpc for one in ages],
        "front_kpc": [one.front_kpc for one in ages],
        "front_km_s": np.array([0.0, 100.0, 200.0]),
        "self_similar_kpc": [np.nan] * 3,
        "energy_shares": shares,
    }
    sky = 1e-9 * np.outer([0.0, 1.0, 2.0], ENERGY**-0.1)
    return {"delta_G": 40.0, "ages": rows, "history": history, "neutrino": sky, "prl_17": 1e-8}


def test_pages(ages, table, tmp_path):
    pages = {
        "profiles": profiles({40.0: ages}, [1e3]),
        "fronts": fronts([table]),
        "budgets": budgets([table]),
        "neutrinos": neutrinos(ENERGY, [table]),
    }
    for name, figure in pages.items():
        save(figure, tmp_path / f"{name}.png")
        assert imread(tmp_path / f"{name}.png").shape[1] == 1400


def test_draws_the_numbers(ages, table):
    place, speed = fronts([table]).axes
    line = place.get_lines()[0]
    np.testing.assert_array_equal(line.get_ydata(), [one.front_kpc for one in ages])
    # There is no closed form for hot gas, and none in the legend.
    assert not any("thin shell" in text.get_text() for text in place.get_legend().get_texts())
    assert np.isnan(speed.get_lines()[0].get_ydata()[0])
    drawn = neutrinos(ENERGY, [table]).axes[0].get_lines()[2]
    np.testing.assert_array_equal(drawn.get_ydata(), table["neutrino"][2])
