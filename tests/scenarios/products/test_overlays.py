"""Measurements on the figures of a run: which of them show what, before the run and after it."""

from functools import partial

import pytest
from contracts import run_of
from crhalo.fields.exceptions import RunFailed, UserError
from crhalo.maps.data.points import GAMMA_RAYS, NEUTRINOS, PLANE, QUANTITIES, UNDRAWN
from crhalo.maps.data.tables import load as load_table
from crhalo.maps.data.tables import names
from crhalo.scenarios import load
from crhalo.scenarios.products import registry, skies
from crhalo.scenarios.products.overlays import overlaid
from crhalo.scenarios.products.product import Made
from crhalo.scenarios.products.registry import measured_for


@pytest.fixture(scope="module")
def run(coarse_errors):
    return run_of("circumgalactic")


@pytest.fixture
def mine(tmp_path):
    """A file of one's own: a published table with other words in its header."""

    def write(name="icecube-hese", **changes):
        table = load_table(name)
        table.meta |= changes
        path = tmp_path / "mine.ecsv"
        table.write(path, format="ascii.ecsv", overwrite=True)
        return path

    return write


def labels(figure):
    return [one.get_label() for axes in figure.axes for one in axes.containers]


# -- before a run --------------------------------------------------------------------------


def test_tables_are_sorted_by_what_they_measured(mine):
    names = ["ams02-protons", "ams02-bc", str(mine()), "pamela-protons"]
    found = measured_for(load("cascade-halo"), names)
    assert {quantity: [each.label for each in several] for quantity, several in found.items()} == {
        "protons": ["AMS-02 2021", "PAMELA 2011"],
        "boron/carbon": ["AMS-02 2021"],
        "neutrinos per flavour": ["IceCube HESE 2021"],
    }


OF_SKIES = ", ".join((NEUTRINOS, GAMMA_RAYS, *PLANE.values()))


@pytest.mark.parametrize(
    ("scenario", "name", "allowed"),
    [
        ("circumgalactic", "ams02-protons", f"{OF_SKIES} (what figures of this"),
        ("cascade-halo", "ams02-helium", f"{OF_SKIES}, protons, boron/carbon (what"),
        ("cascade-halo", "m31", f"{OF_SKIES}, protons, boron/carbon (what"),
        ("figure-1", "icecube-hese", "none (figures of a study are drawn as they are)"),
        ("diffusion-check", "ams02-bc", "none (figures of a study are drawn as they are)"),
    ],
)
def test_what_no_figure_shows_is_refused_in_a_line(scenario, name, allowed):
    with pytest.raises(UserError) as refused:
        measured_for(load(scenario), [name])
    quantity = load_table(name).meta["quantity"]
    assert str(refused.value).startswith(f"data '{name}': quantity '{quantity}'; allowed: {allowed}")
    assert "\n" not in str(refused.value)


def test_a_quantity_that_is_none_or_long_is_a_line(mine):
    with pytest.raises(UserError, match="no quantity in the header"):
        measured_for(load("cascade-halo"), [mine(quantity="")])
    with pytest.raises(UserError) as refused:
        measured_for(load("cascade-halo"), [mine(quantity="a\n" * 1000)])
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_all_that_can_be_shown_is_shown_somewhere():
    tables = {load_table(name).meta["quantity"]: name for name in names()}
    drawn = set(QUANTITIES) - set(UNDRAWN)
    assert set(measured_for(load("milky-way"), [tables[quantity] for quantity in drawn])) == drawn


# -- on figures ----------------------------------------------------------------------------


def test_a_figure_takes_names_and_files(run, mine):
    plain = labels(run.figures.spectra())
    for data in ("icecube-hese", ["icecube-hese"], mine(), ["icecube-hese", mine()]):
        found = labels(run.figures.spectra(data=data))
        assert found.count("IceCube HESE 2021") == 1 and set(plain) < set(found)
    both = labels(run.figures.spectra(data=("icecube-hese", mine(name="icecube-tracks", label="mine"))))
    assert {"IceCube HESE 2021", "mine"} < set(both)


@pytest.mark.parametrize(
    ("figure", "data", "said"),
    [
        ("spectra", "ams02-bc", "quantity 'boron/carbon'; allowed: neutrinos per .*what the figure spectra"),
        ("density_axis", "ams02-bc", r"allowed: none \(what the figure density_axis shows\)"),
        ("spectra", 3, "data 3: allowed: the name of a table, or a file"),
        ("spectra", [None], "data None: allowed: the name of a table, or a file"),
    ],
)
def test_what_a_figure_does_not_show_is_refused(run, figure, data, said):
    with pytest.raises(UserError, match=said):
        getattr(run.figures, figure)(data=data)


def test_files_of_a_run_have_them(run, tmp_path, monkeypatch):
    """On the figures that show them; others, and those of other products, are drawn as ever."""
    seen = {}

    def draw(name, ax=None, data=None):
        seen[name] = data
        raise ValueError("not drawn")

    figures = {name: partial(draw, name) for name in ("spectra", "other")}
    monkeypatch.setattr(registry, "PRODUCTS", (skies.PRODUCT,))
    monkeypatch.setitem(run.products, "skies", Made({}, figures=figures))
    data = measured_for(run.scenario, ["icecube-hese"])
    with pytest.raises(RunFailed, match="not drawn"):
        registry.redraw(run, tmp_path, data=data)
    assert seen == {"spectra": data, "other": None}


def test_a_product_without_such_figures_is_as_it_was():
    draw = object()
    product = skies.PRODUCT._replace(shows={})
    assert overlaid(product, Made({}, figures={"spectra": draw}), {}).figures == {"spectra": draw}
