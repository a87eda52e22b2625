"""The wind that is an outflow: that of its tube, what it needs, and what particles make of it."""

import numpy as np
import pytest
from crhalo.fields.units import KPC_MYR_KM_S
from crhalo.mc.coupled.wind_base import SLOW, NoWind
from crhalo.scenarios import load
from crhalo.scenarios.build import galaxy_of, spectrum_of
from crhalo.scenarios.commands.main import main
from crhalo.scenarios.driven_wind import driven_wind, radial_wind, release_of
from crhalo.scenarios.file.quantities import ScenarioError

NAME = "circumgalactic-wind"


def tube_of(scenario):
    """The wind of a scenario in its tube."""
    release = release_of(spectrum_of(scenario), scenario.source.R_d, scenario.wind.column)
    opening_kpc = scenario.source.R_d / np.sqrt(2.0)
    return driven_wind(scenario.wind, release, scenario.source.slope, opening_kpc, 300.0)


def test_the_outflow_is_the_wind_of_its_tube():
    """Speed at the height; far out the density too, where spheres and the tube open alike."""
    scenario = load(NAME)
    galaxy, wind = galaxy_of(scenario), tube_of(scenario).wind
    r = np.array([10.0, 30.0, 80.0])
    u, n = (np.interp(r, wind.z_kpc, each) for each in (wind.u_kpc_Myr, wind.density_cm3))
    np.testing.assert_allclose(galaxy.outflow_speed_kpc_Myr(0.0, r), u, rtol=1e-4)
    opened = wind.area / (2.0 * wind.z_kpc**2 / scenario.source.R_d**2) / wind.area[0]
    density = galaxy.cgm_density_cm3(0.0, r)
    np.testing.assert_allclose(density, n * np.interp(r, wind.z_kpc, opened), rtol=2e-3)
    assert opened[-1] == pytest.approx(1.0, abs=1e-3)


def test_the_wind_of_the_library():
    wind = galaxy_of(load(NAME)).wind
    assert 2.0 < wind.critical_kpc < 4.0
    assert 250.0 < float(wind.speed_at_kpc_Myr(10.6)) * KPC_MYR_KM_S < 300.0


def test_a_brighter_disc_blows_faster():
    """L_CR of the wind is that of all nuclei, whatever the spectrum of protons holds."""
    scenario = load(NAME)
    spectrum, R_d = spectrum_of(scenario), scenario.source.R_d
    winds = (radial_wind(scenario.wind, spectrum, L, R_d) for L in (1e41, 1.2e41))
    usual, bright = (wind.speed_at_kpc_Myr(50.0) for wind in winds)
    assert 1.03 < bright / usual < 1.5


def test_too_light_and_hot_a_base_is_only_subsonic():
    """Gas of 2e6 K in a tube that opens faster than gravity grows slows down from the base on."""
    scenario = load(NAME).with_overrides(["wind.n_0=3e-4 cm-3", "wind.T_0=2e6 K"])
    with pytest.raises(NoWind) as fault:
        tube_of(scenario)
    assert fault.value.reason == SLOW


def test_no_wind_is_refused_before_any_particle(tmp_path, capsys):
    told = ["run", NAME, "--out", str(tmp_path / "run"), "--set", "wind.n_0=0.002 cm-3"]
    assert main(told) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "wind.n_0 = 0.002 cm-3" in message and "less energy than" in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("name", "settings", "named"),
    [
        ("circumgalactic", ["medium.outflow=wind"], "with a [wind]"),
        (NAME, ["medium.outflow=alfven"], "with a [wind]"),
        (NAME, ["medium.delta_G=10"], "medium.delta_G = 10.0: allowed: 100"),
        (NAME, ["medium.cgm_beta=0.5"], "medium.cgm_beta = 0.5: allowed: 0"),
        (NAME, ["medium.bell=false"], "medium.bell = true"),
        (NAME, ["source.E_min=500 TeV"], "ten times source.E_min"),
        (NAME, ["wind.T_0=0 K"], "wind.T_0"),
        (NAME, ["wind.z_0=0.05 kpc"], "wind.z_0"),
        (NAME, ["wind.z_0=3 kpc"], "wind.z_0 = '3 kpc': allowed: up to a fifth of source.R_d"),
    ],
)
def test_what_does_not_go_together_is_said_in_one_line(name, settings, named, capsys):
    told = [part for each in settings for part in ("--set", each)]
    assert main(["run", name, "--dry-run", *told]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "allowed" in message and named in message


def test_a_study_has_no_wind():
    text = load(NAME).to_toml() + "\n[figure_1]\n"
    from crhalo.scenarios.file.scenario import load_text

    with pytest.raises(ScenarioError, match=r"not together with a \[figure_1\]"):
        load_text(text)


def test_particles_lose_what_the_wind_takes_and_it_is_in_balance():
    """Where u = v_A of the paper cannot hold the pressure by 1e4, the wind is of its order."""
    run = load(NAME).run(particles=272)
    told, region = run.summary["balance"], run.summary["bell_region"]
    assert 0.1 < told["P_CR_over_rho_u2"].value < 3.0
    flux = told["mass_flux_Msun_yr"]
    assert flux["wall"] == pytest.approx(flux["end"], rel=1e-6)
    # Its own field along the flow would keep the instability from growing.
    assert region["wind"]["field_along_the_flow_uG"] > 10.0 * region["field_uG"]
    unaccounted = run.summary["energy"]["unaccounted"]
    assert abs(unaccounted.value) < 3.0 * unaccounted.error
