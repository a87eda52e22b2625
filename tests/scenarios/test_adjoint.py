"""Runs that ask for more particles where they matter: what they are given, and what is refused."""

import numpy as np
import pytest
from cases import each
from crhalo.mc.blocks import Job
from crhalo.scenarios import load
from crhalo.scenarios.adjoint import biased_transport_of
from crhalo.scenarios.build import given_medium, grid_of
from crhalo.scenarios.file.quantities import ScenarioError
from crhalo.scenarios.file.scenario import load_text


def asking(words, *more, name="circumgalactic"):
    return load(name).with_overrides([f"transport.importance_of={words}", *more])


def test_nothing_is_asked_for_unless_it_is_said():
    scenario = load("circumgalactic")
    assert scenario.transport.importance_of == "nothing"
    assert biased_transport_of(scenario, given_medium(scenario)).windows is None


def test_a_run_has_the_windows_it_asks_for():
    """Most particles at the energies that make what is asked for, and as many for others as there must be."""
    scenario = asking("neutrino  10 TeV cgm")
    assert scenario.transport.importance_of == "neutrino 10 TeV cgm"
    setup = given_medium(scenario)
    grid, transport = grid_of(scenario, setup.galaxy), biased_transport_of(scenario, setup)
    particles = transport.windows.particles
    E = np.sqrt(grid.energy_edges_GeV[1:] * grid.energy_edges_GeV[:-1])
    assert 3e4 < E[np.argmax(particles)] < 1e6 and particles[E < 1e4].max() == 1
    # Sources alone are biased; histories are divided where it is said, too.
    assert transport.windows.weights is None
    divides = scenario.with_overrides(["transport.weight_windows=true"])
    assert biased_transport_of(divides, setup).windows.weights.any()
    assert Job.of(setup.medium, grid, transport).controls.schedule.size == particles.sum()
    # The scenario as it is kept says so, and is read again.
    assert load_text(scenario.to_toml()).transport.importance_of == "neutrino 10 TeV cgm"


def test_windows_of_nothing_are_refused():
    with pytest.raises(ScenarioError, match="weight_windows = true: allowed: with"):
        load("circumgalactic").with_overrides(["transport.weight_windows=true"])


def test_what_the_equation_has_no_answer_to_is_refused_before_particles_run():
    def refused(changes, said):
        with pytest.raises(ScenarioError) as caught:
            scenario = asking(*changes)
            biased_transport_of(scenario, given_medium(scenario))
        message = str(caught.value)
        assert "transport.importance_of" in message and said in message and "allowed: " in message, message
        assert "\n" not in message and len(message) < 250

    each(
        [
            (("neutrino 10 TeV",), '"neutrino 10 TeV cgm"'),
            (("7",), '"nothing"'),
            (("nothin",), "did you mean nothing?"),
            (("neutrino 50 PeV cgm",), "allowed: to 10 PeV"),
            (("neutrino 10 TeV cgm", "medium.bell=false"), "there is none in this run"),
            (("neutrino 10 TeV cgm", "medium.field=x-shaped"), "isotropic"),
        ],
        refused,
    )
