"""What a run would cost, and that one that cannot fit is refused before it begins."""

import pytest
from crhalo.fields.exceptions import UserError
from crhalo.scenarios import load
from crhalo.scenarios.build import galaxy_of, grid_of, sky_energies_GeV
from crhalo.scenarios.commands import plan as planning
from crhalo.scenarios.commands.plan import check_room, memory_MB, plan
from crhalo.scenarios.run import SECONDARIES

SMALL = ["transport.energy_range=['10 TeV', '1 PeV']", "transport.t_max=1 Myr", "transport.particles=100"]


class Clock:
    """Seconds that pass only while maps are made: some for each, and more for each pixel and energy."""

    FIRST_S, EACH_S, VALUE_S = 7.0, 1e-2, 1e-6

    def __init__(self):
        self.now_s, self.maps_made = 0.0, 0

    def process_time(self):
        return self.now_s

    def maps(self, secondary, energy_GeV, nside):
        self.now_s += self.EACH_S + self.VALUE_S * 12 * nside**2 * energy_GeV.size
        self.now_s += self.FIRST_S if self.maps_made == 0 else 0.0
        self.now_s += 60.0 if self.maps_made % 3 == 2 else 0.0  # the machine was busy
        self.maps_made += 1


def test_time_of_maps_grows_with_their_pixels(monkeypatch):
    scenario = load("free-escape").with_overrides([*SMALL, "sky.nside=1024"])
    energies = sky_energies_GeV(scenario).size
    clock = Clock()
    monkeypatch.setattr(planning, "time", clock)
    monkeypatch.setattr(planning, "SkyModel", lambda *of_the_pilot: clock)
    first_s = Clock.FIRST_S + Clock.EACH_S
    planned = plan(scenario, 1)
    per_energy_s = Clock.EACH_S / min(energies, planning._MOST_ENERGIES) + Clock.VALUE_S * 12 * 1024**2
    expected_s = planning._FIGURES_S + first_s + len(SECONDARIES) * energies * per_energy_s
    assert planned["maps_and_figures_time_s_estimated"] == pytest.approx(expected_s, rel=1e-3)


def test_maps_are_in_the_memory():
    small, large = (load("free-escape").with_overrides([*SMALL, f"sky.nside={nside}"]) for nside in (1, 1024))
    grid = grid_of(small, galaxy_of(small))
    assert memory_MB(large, grid, 1) > 10 * memory_MB(small, grid, 1)


def test_transport_is_a_part_of_the_time():
    planned = plan(load("free-escape").with_overrides([*SMALL, "sky.nside=1"]), 1)
    assert 0 < planned["transport_time_s_estimated"] < planned["time_s_estimated"]


def test_what_cannot_fit_is_refused(crhalo, tmp_path, monkeypatch):
    too_much = ["sky.nside=1024", 'sky.energies=["1 GeV", "10 PeV", 970]']
    settings = [word for each in too_much for word in ("--set", each)]
    code, _, err = crhalo("run", "free-escape", "--out", str(tmp_path / "run"), *settings)
    assert code == 2 and "GB are needed" in err and "--force" in err and not (tmp_path / "run").exists()
    few = load("free-escape").with_overrides(SMALL)
    check_room(few, tmp_path, 1)
    monkeypatch.setattr(planning, "_memory_there_MB", lambda: 100.0)
    with pytest.raises(UserError, match=r"this machine has 0\.1 GB"):
        check_room(few, tmp_path, 1)


def test_room_on_the_disk_is_asked_for(tmp_path, monkeypatch):
    class Usage:
        free = 1e4

    monkeypatch.setattr(planning.shutil, "disk_usage", lambda place: Usage)
    with pytest.raises(UserError, match="GB are free there"):
        check_room(load("free-escape").with_overrides(SMALL), tmp_path / "not" / "yet", 1)


def test_room_is_not_asked_for_what_fills_no_cells(tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "_memory_there_MB", lambda: 100.0)
    for name in ("expanding-bubble", "bell-turbulence", "galaxies"):
        check_room(load(name), tmp_path, 1)
