"""All products of a run: each of them is written, and its numbers are those of the summary."""

import json

import numpy as np
import pytest
from contracts import ProductContract, estimates_in, run_of
from crhalo.scenarios import load
from crhalo.scenarios.folder.write import finite
from crhalo.scenarios.products import balance, outside, protons, registry, skies, summary, transport_equation
from crhalo.scenarios.products.product import Made, Product, always
from crhalo.scenarios.products.registry import PRODUCTS, made, products_of, write_run
from crhalo.scenarios.run import Run

# Files of each product of a run through the galaxy of [observer]; tests of halos have those of the others.
FILES = {
    "summary": set(),
    "balance": set(),
    "skies": {
        "sky_neutrino.fits", "sky_gamma.fits", "sky_neutrino_10TeV.png", "sky_gamma_1TeV.png",
        "sky_gamma_100TeV.png", "spectra.png", "sky_structure.png", "sky_contrast.png", "sky_errors.png",
    },
    "protons": {"density_plane.png", "density_axis.png", "filling.png", "escape_and_grammage.png"},
    "outside": {"outside.png", "outside.csv", "outside.json"},
    "transport_equation": {"referee.png", "referee.json"},
}  # fmt: skip


@pytest.fixture(scope="module")
def run(coarse_errors):
    return run_of("m31")


@pytest.fixture(scope="module")
def folder(run, undrawn, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    with undrawn():
        write_run(run, out, asked_for=("transport_equation",))
    return out


def test_names_are_unique():
    assert len({product.name for product in PRODUCTS}) == len(PRODUCTS)


@pytest.mark.parametrize(
    ("name", "more"),
    [("circumgalactic", []), ("free-escape", []), ("m31", ["outside"]), ("two-zone", ["halo"]),
     ("cascade-halo", ["halo"])],
)  # fmt: skip
def test_a_run_has_the_products_of_its_tables(name, more):
    run = Run(load(name), None, None, None)
    seen = ["skies"] if name == "m31" else ["skies", "regions"]
    assert [product.name for product in products_of(run)] == ["summary", "balance", "protons", *seen, *more]
    asked_for = products_of(run, ("transport_equation",))
    assert [product.name for product in asked_for][-1] == "transport_equation"


def test_waves_that_were_found_are_a_product():
    found = Run(load("cascade-halo"), None, None, None, waves=object())
    assert "waves" in [product.name for product in products_of(found)]


class EachProduct(ProductContract):
    """Of the one run that all tests here share."""

    SCENARIO = "m31"


class TestSummary(EachProduct):
    PRODUCT = summary.PRODUCT


class TestBalance(EachProduct):
    PRODUCT = balance.PRODUCT


class TestSkies(EachProduct):
    PRODUCT, FILES = skies.PRODUCT, FILES["skies"]


class TestProtons(EachProduct):
    PRODUCT, FILES = protons.PRODUCT, FILES["protons"]


class TestOutside(EachProduct):
    PRODUCT, FILES = outside.PRODUCT, FILES["outside"]


class TestTransportEquation(EachProduct):
    PRODUCT, FILES, ASKED_FOR = transport_equation.PRODUCT, FILES["transport_equation"], True


def test_a_run_is_all_of_its_products(folder):
    files = {"scenario.toml", "result.h5", "summary.json"}.union(*FILES.values())
    assert {path.name for path in folder.iterdir()} == files


def test_the_summary_is_that_of_the_file(run, folder):
    written = json.loads((folder / "summary.json").read_text())
    asked_for = {"provenance", "referee"}
    assert set(written) - asked_for == set(run.summary) and asked_for <= set(written)
    assert len(run.summary) == len(set(run.summary))
    for key in ("escape_time_Myr", "galactic_density", "advection_limit_GeV", "age_in_disc_Myr"):
        entry = finite(run.summary[key])
        assert {name: written[key][name] for name in ("value", "error")} == entry
    assert written["counters"] == run.summary["counters"]


def test_estimates_know_their_energies(run):
    found = dict(estimates_in(dict(run.summary)))
    spectra = {name: each for name, each in found.items() if np.ndim(each.value)}
    assert len(spectra) > 20
    for name, each in spectra.items():
        assert each.energy_GeV is not None and each.energy_GeV.shape == each.value.shape, name
    points = np.array(run.summary["energy_GeV"])
    for name in ("escape_time_Myr", "leave_time_Myr.median", "grammage_g_cm2.disc", "galactic_density"):
        np.testing.assert_array_equal(found[name].energy_GeV, points)
    for name in ("neutrino", "gamma.cgm"):
        energy = found[f"{name}.E2_flux_GeV_cm2_s_sr"].energy_GeV
        np.testing.assert_allclose(energy, [1e3, 1e4, 1e5])
    np.testing.assert_array_equal(found["sky.dipole"].energy_GeV, [1e3, 1e4, 1e5])
    np.testing.assert_array_equal(found["filling.at 1000 Myr"].energy_GeV, [1e1, 1e2, 1e3, 1e4, 1e5])
    # A single number has none.
    assert found["advection_limit_GeV"].energy_GeV is None


def test_only_what_is_asked_for_is_made(run, monkeypatch):
    again = run.reweight(slope=2.1)
    assert again.summary["particles"] == 120 and list(again.products) == ["summary"]
    monkeypatch.setattr(registry, "PRODUCTS", PRODUCTS[:1])
    with pytest.raises(KeyError, match="no_such_number: allowed: energy_GeV, escape_time_Myr"):
        again.summary["no_such_number"]
    assert made(again, PRODUCTS[0]) is made(again, PRODUCTS[0])


def test_a_new_product_is_three_lines(run, tmp_path, monkeypatch):
    new = Product("age", always, lambda run: Made({"age_Myr": run.scenario.transport.t_max}))
    monkeypatch.setattr(registry, "PRODUCTS", (PRODUCTS[0], new))
    write_run(run, tmp_path)
    assert run.summary["age_Myr"] == json.loads((tmp_path / "summary.json").read_text())["age_Myr"] == 1e4
