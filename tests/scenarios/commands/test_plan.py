"""What a run would cost, and that one that cannot fit is refused before it begins."""

import pytest
from crhalo.fields.exceptions import UserError
from crhalo.scenarios import load
from crhalo.scenarios.commands import plan as planning
from crhalo.scenarios.commands.plan import check_room, plan

SMALL = ["transport.energy_range=['10 TeV', '1 PeV']", "transport.t_max=1 Myr", "transport.particles=100"]


def test_maps_are_in_the_time_and_in_the_memory():
    small, large = (
        plan(load("free-escape").with_overrides([*SMALL, f"sky.nside={nside}"]), 1) for nside in (1, 1024)
    )
    assert large["memory_MB_estimated"] > 10 * small["memory_MB_estimated"]
    assert large["time_s_estimated"] > 10 * small["time_s_estimated"] > 0
    assert small["transport_time_s_estimated"] < small["time_s_estimated"]


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
