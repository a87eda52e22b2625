"""Tables of measurements in the units of the figures: published ones, and own ones in any unit."""

import numpy as np
import pytest
from astropy.table import Table
from crhalo.fields.exceptions import UserError
from crhalo.fields.units import M_P_GEV
from crhalo.maps.data import points as module
from crhalo.maps.data import read
from crhalo.maps.data.points import GAMMA_RAYS, QUANTITIES, points_of
from crhalo.maps.data.read import AT_EQUAL_RIGIDITY
from crhalo.maps.data.tables import _fault, load, names

PUBLISHED = {
    "ams02-protons": read.protons()[0],
    "dampe-protons": read.protons()[1],
    "calet-protons": read.protons()[2],
    "ams02-bc": read.boron_over_carbon()[0],
    "dampe-bc": read.boron_over_carbon()[1],
    "calet-bc": read.boron_over_carbon()[2],
    "icecube-combined": read.icecube()[0],
    "icecube-mese": read.icecube()[1],
}


def table_of(columns, **meta):
    """A table from (values, unit) by column."""
    table = Table({name: values for name, (values, _) in columns.items()}, meta=meta)
    for name, (_, unit) in columns.items():
        table[name].unit = unit
    assert _fault(table) == ""
    return table


def with_errors(value, unit):
    return {"flux": (value, unit), "error_low": (0.1 * value, unit), "error_high": (0.2 * value, unit)}


# -- published tables ----------------------------------------------------------------------


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_tables_are_those_that_figures_show(name):
    (found,), known = points_of(load(name), name), PUBLISHED[name]
    assert found.label == known.label
    for mine, other in zip(found[1:], known[1:], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-30)


def test_a_flux_of_a_band_is_turned_as_for_the_isotropic_gamma_rays():
    """But for the error of the foreground, which is in columns of its own."""
    (found,), known = points_of(load("fermi-igrb"), "fermi-igrb"), read.fermi_igrb()
    for name in ("x", "value", "edges"):
        np.testing.assert_allclose(getattr(found, name), getattr(known, name), rtol=1e-12)
    assert np.all(found.high <= known.high)


def test_each_table_of_a_quantity_that_figures_show_is_in_a_form_of_it():
    shown = [name for name in names() if load(name).meta["quantity"] in QUANTITIES]
    assert len(shown) > 10
    for name in shown:
        for points in points_of(load(name), name):
            assert np.all((points.low <= points.value) & (points.value <= points.high) & (points.high > 0))


def test_models_are_measurements_of_their_own():
    found = points_of(load("lhaaso-protons"), "lhaaso-protons")
    assert [each.label for each in found] == [
        f"LHAASO 2025, {model}" for model in ("EPOS-LHC", "QGSJET-II-04", "SIBYLL-2.3d")
    ]
    assert all(each.x.size == 19 and np.all(np.diff(each.x) > 0) for each in found)


# -- files of one's own --------------------------------------------------------------------


def protons_per_energy(kind):
    """AMS-02 turned by hand to a flux per TeV and cm^2, against kinetic or total energy in TeV."""
    ams = read.protons()[0]
    total = np.hypot(ams.x, M_P_GEV)
    energy = total - M_P_GEV if kind == "kinetic" else total
    per_TeV_cm2 = ams.value * (total / ams.x) * 1e3 * 1e-4
    columns = {"energy": (1e-3 * energy, "TeV"), **with_errors(per_TeV_cm2, "cm-2 s-1 sr-1 TeV-1")}
    return ams, columns


@pytest.mark.parametrize("kind", ["kinetic", "total"])
def test_protons_per_energy_in_other_units_are_those_per_rigidity(kind):
    ams, columns = protons_per_energy(kind)
    (found,) = points_of(table_of(columns, quantity="protons", energy=kind, label="mine"), "mine.ecsv")
    assert found.label == "mine"
    np.testing.assert_allclose(found.x, ams.x, rtol=1e-9)
    np.testing.assert_allclose(found.value, ams.value, rtol=1e-9)
    np.testing.assert_allclose(found.errors, [0.1 * ams.value, 0.2 * ams.value], rtol=1e-6)


def test_the_comparison_notices_a_wrong_kind_of_energy_and_a_flux_that_stays_per_energy(monkeypatch):
    """The twins: at 1 GV, energies differ by the mass, and dE/dR is 0.75."""
    ams, columns = protons_per_energy("total")
    (found,) = points_of(table_of(columns, quantity="protons", energy="kinetic"), "mine.ecsv")
    assert found.x[0] > 1.5 * ams.x[0]
    monkeypatch.setattr(module, "per_proton_rigidity", np.ones_like)
    (found,) = points_of(table_of(columns, quantity="protons", energy="total"), "mine.ecsv")
    assert found.value[0] / ams.value[0] == pytest.approx(np.hypot(ams.x[0], M_P_GEV) / ams.x[0], rel=1e-6)


def test_a_ratio_in_percent():
    columns = {"energy_per_nucleon": ([1.0], "TeV"), "ratio": ([5.0], "%")}
    columns |= {"error_low": ([1.0], "%"), "error_high": ([2.0], "%")}
    (found,) = points_of(table_of(columns, quantity="boron/carbon"), "mine.ecsv")
    assert found.x[0] == pytest.approx(2001.9, rel=1e-4)  # twice T + m, less some 1e-7
    over = np.array([found.low[0], found.value[0], found.high[0]]) / AT_EQUAL_RIGIDITY
    np.testing.assert_allclose(over, [0.04, 0.05, 0.07])
    assert found.label == "mine.ecsv"


def test_the_three_forms_of_a_spectrum_of_light_are_one():
    """E^-2 of 1e-8 GeV cm^-2 s^-1 sr^-1: as E^2 I, per energy, and in a band from 1 to 4 TeV."""
    E2, band = np.array([1e-8]), {"energy_low": ([1.0], "TeV"), "energy_high": ([4.0], "TeV")}
    centre = {"energy": ([2e12], "eV")}
    each = [
        centre | with_errors(E2 * 1.602176634e-3, "erg cm-2 s-1 sr-1"),
        centre | with_errors(E2 / 2000.0**2 * 1e3 * 1e4, "TeV-1 m-2 s-1 sr-1"),
        band | with_errors(E2 * (1 / 1e3 - 1 / 4e3), "cm-2 s-1 sr-1"),
    ]
    for columns in each:
        (found,) = points_of(table_of(columns, quantity=GAMMA_RAYS), "mine.ecsv")
        assert found.x[0] == pytest.approx(2e3) and found.value[0] == pytest.approx(1e-8, rel=1e-6)


FLUX = "GeV-1 cm-2 s-1 sr-1"
REFUSED = [
    ("gamma rays", {}, {"rigidity": "GV"}, FLUX, r"'mine': gamma rays by rigidity; allowed: by energy$"),
    ("gamma rays", {}, {"energy": "GeV"}, "cm-2 s-1 sr-1", "flux in 1 / .*from _low to _high, and what"),
    ("gamma rays", {}, {"energy": "m"}, FLUX, "by energy in m; allowed: GeV cm-2 s-1 sr-1 by energy in GeV"),
    ("gamma rays", {}, {"energy": "GeV"}, "GeV-1 cm-2 s-1", "allowed: GeV cm-2 s-1 sr-1 by energy in GeV;"),
    ("protons", {}, {"energy": "GeV"}, FLUX, "energy: missing in the header; allowed: kinetic, total$"),
    ("protons", {"energy": 3}, {"energy": "GeV"}, FLUX, "energy: 3 in the header; allowed: kinetic, total$"),
    ("protons", {"energy": "total"}, {"energy": "MeV"}, FLUX, "total energies above the mass"),
    ("protons", {}, {"rigidity": "GV"}, FLUX, "allowed: m-2 s-1 sr-1 GV-1 by rigidity in GV, and what"),
    ("boron/carbon", {}, {"energy": "GeV"}, "1", "by energy; allowed: by rigidity, energy_per_nucleon$"),
]  # fmt: skip


@pytest.mark.parametrize(("quantity", "meta", "axis", "unit", "said"), REFUSED)
def test_what_cannot_be_converted_is_refused_in_a_line(quantity, meta, axis, unit, said):
    columns = {name: (np.array([10.0, 20.0]), unit) for name, unit in axis.items()}
    table = table_of(columns | with_errors(np.array([1.0, 0.5]), unit), quantity=quantity, **meta)
    with pytest.raises(UserError, match=said) as refused:
        points_of(table, "mine")
    assert "\n" not in str(refused.value) and str(refused.value).startswith("data 'mine': ")


def test_bins_that_do_not_rise_are_refused():
    columns = {"energy_low": ([2.0], "GeV"), "energy_high": ([2000.0], "MeV")}
    table = table_of(columns | with_errors(np.array([1.0]), FLUX), quantity="gamma rays")
    with pytest.raises(UserError, match="energy_low: allowed: below energy_high"):
        points_of(table, "mine")
