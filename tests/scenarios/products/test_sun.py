"""Protons at the Sun over those measured: where there are data, and what the ratio is."""

from types import SimpleNamespace

import numpy as np
import pytest
from crhalo.fields.galaxy import Galaxy
from crhalo.maps.data.read import protons
from crhalo.maps.light.at_the_sun import MODULATION_GV, proton_flux_m2_s_sr_GV
from crhalo.mc.spectrum import Spectrum
from crhalo.mc.tally import energy_groups, galactic_grid
from crhalo.scenarios import load
from crhalo.scenarios.products import halo, sun

GRID = galactic_grid(energy_groups(1.0, 1e6), Galaxy())


def counted(result):
    """n = 1e-10 E^-2.7 GeV^-1 cm^-3 in bins, in one replica of all and two batches."""
    edges = result.grid.current_edges_GeV
    return np.tile(-np.diff(1e-10 * edges**-1.7 / 1.7), (3, 1))


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setattr(sun, "protons_in_ring_cm3", counted)
    per_bin = GRID.current_edges_GeV
    spectrum = Spectrum(slope=2.7)
    E = np.sqrt(per_bin[1:] * per_bin[:-1])
    result = SimpleNamespace(grid=GRID, spectrum=spectrum, current_energy_GeV=E)
    galaxy = SimpleNamespace(R_d_kpc=10.0)
    return SimpleNamespace(result=result, galaxy=galaxy, scenario=load("circumgalactic"))


def test_ratio_is_that_of_the_fluxes(run):
    found = sun.protons_over_measured(run)
    assert set(found) == {"protons_over_ams02", "protons_over_dampe", "protons_over_calet"}
    ams = found["protons_over_ams02"]
    np.testing.assert_allclose(ams["rigidity_GV"], [10.0, 100.0, 1000.0], rtol=1e-9)
    E = np.hypot(ams["rigidity_GV"], 0.938272) + MODULATION_GV
    flux = proton_flux_m2_s_sr_GV(E, 1e-10 * E**-2.7, MODULATION_GV)[1]
    np.testing.assert_allclose(ams["value"], flux / protons()[0].at(ams["rigidity_GV"])[0], rtol=0.01)
    assert ams["modulation_GV"] == MODULATION_GV
    for table, points in zip(found.values(), protons(), strict=True):
        assert points.x[0] <= table["rigidity_GV"][0] and table["rigidity_GV"][-1] <= points.x[-1]
        assert np.all(table["error"] > 0)


def test_what_is_not_at_the_sun_has_none(run, monkeypatch):
    seen = SimpleNamespace(result=run.result, galaxy=run.galaxy, scenario=load("m31"))
    assert sun.protons_over_measured(seen) == {}
    monkeypatch.setattr(sun, "protons_in_ring_cm3", lambda result: None)
    assert sun.protons_over_measured(run) == {}


def test_comparison_ends_where_the_data_end():
    """A flux that is that of AMS-02 up to its last point, and three times as steep a line beyond."""
    ams = protons()[0]
    R = np.geomspace(12.0, 1e4, 60)
    inside = ams.at(R)[0]
    J = np.where(np.isfinite(inside), inside, ams.value[-1] * (R / ams.x[-1]) ** -8.0)
    found = halo._slopes(SimpleNamespace(flux=lambda: (R, J)))
    assert found["flux_over_AMS_02"] == pytest.approx([1.0, 1.0])
    assert found["slope_450_1400_GV"] == pytest.approx(found["slope_450_1400_GV_AMS_02"], abs=0.02)
