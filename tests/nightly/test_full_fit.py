"""Fits that take long: from far off, fifty mocks with their posteriors, and particles at the best fit."""

import numpy as np
from crhalo.maps.data.tables import load as table
from crhalo.scenarios import fit, load
from crhalo.scenarios.fitting.best_fit import best_fit
from crhalo.scenarios.fitting.emulator import SOLVED_PER_TERM, Emulator, design, terms_of
from crhalo.scenarios.fitting.posterior import sample
from crhalo.scenarios.fitting.predictions import STEP
from mocks import coordinates_of, mock, predictions_of
from scipy.stats import chisquare

FREE = ("diffusion.D0", "diffusion.delta", "diffusion.delta_high", "source.slope", "source.L_CR")
DATA = ("ams02-protons", "ams02-bc")
MOCKS, BINS = 50, 5


def off_from(scenario, factors):
    """A scenario with keys so many times their values."""
    data = scenario.model_dump(exclude_none=True)
    settings = []
    for name, factor in factors.items():
        parent, key = name.split(".")
        value = data[parent][key]
        if isinstance(value, str):
            number, unit = value.split(maxsplit=1)
            value = f"{factor * float(number)} {unit}"
        else:
            value = factor * value
        settings.append(f"{name}={value}")
    return scenario.with_overrides(settings)


def test_from_a_factor_of_two_off_it_comes_back():
    scenario = load("milky-way")
    far = {"diffusion.D0": 2.0, "diffusion.delta": 0.5, "source.slope": 0.5, "source.L_CR": 2.0}
    for factors in (
        far,
        {name: 1.0 / factor if "slope" not in name else factor for name, factor in far.items()},
    ):
        found = fit(off_from(scenario, factors), DATA, list(factors))
        for key, at, error in zip(found.keys, found.best.coordinates, found.best.errors, strict=True):
            shipped = key.coordinate(getattr(getattr(scenario, key.table), key.key))
            assert abs(at - shipped) < 2.0 * error, key.name


class Emulated:
    """What the transport equation predicts, by a quadratic that is good to a thousandth of the errors."""

    def __init__(self, predictions, emulator, measured):
        self.keys, self.measured, self.emulator = predictions.keys, measured, emulator

    def allows(self, coordinates):
        return True

    def at(self, coordinates):
        return self.emulator(coordinates)[0]

    def slopes(self, coordinates):
        steps = 0.1 * STEP * np.eye(len(self.keys))
        return np.log(self.emulator(coordinates + steps) / self.at(coordinates)).T / (0.1 * STEP)


def test_fifty_mocks_scatter_by_their_errors_and_have_uniform_ranks():
    predictions = predictions_of(FREE, DATA, (20.0, 2000.0))
    truth = coordinates_of(predictions)
    width = best_fit(mock(predictions, 0, scatter=0.0), truth)
    at = design(truth, width.covariance, 2.5, SOLVED_PER_TERM * terms_of(len(FREE)), lambda u: True, 1)
    emulator = Emulator.fitted(truth, width.covariance, at, np.array([predictions.at(u) for u in at]))
    pulls, ranks = [], []
    for seed in range(MOCKS):
        made = Emulated(predictions, emulator, mock(predictions, seed).measured)
        best = best_fit(made, truth)
        pulls.append(np.linalg.solve(np.linalg.cholesky(best.covariance), best.coordinates - truth))
        ranks.append((sample(made, best, seed).coordinates < truth).mean(axis=0))
    pulls, ranks = np.array(pulls), np.array(ranks)
    assert np.all(np.abs(pulls.mean(axis=0)) < 3.0 / np.sqrt(MOCKS)), pulls.mean(axis=0)
    assert abs(pulls.mean()) < 0.3 and abs(pulls.std() - 1.0) < 0.25
    for name, of_key in zip(FREE, ranks.T, strict=True):
        histogram = np.histogram(of_key, BINS, (0.0, 1.0))[0]
        assert chisquare(histogram).pvalue > 0.01, (name, histogram)
    # The twin: errors that are three times what is told leave the truth at the ends.
    mocks = [mock(predictions, seed, scatter=3.0).measured for seed in range(MOCKS)]
    made = [Emulated(predictions, emulator, measured) for measured in mocks]
    wide = [(sample(each, best_fit(each, truth), 1).coordinates < truth).mean(axis=0) for each in made]
    assert chisquare(np.histogram(np.ravel(wide), BINS, (0.0, 1.0))[0]).pvalue < 0.01


def test_particles_at_the_best_fit_are_those_of_the_equation():
    run = fit(load("milky-way"), DATA, list(FREE)).fitted.run(particles=21760)
    told = run.summary["protons_of_particles_over_equation"]
    assert np.all(np.abs(told.value - 1.0) < np.maximum(0.03, 3.0 * told.error)), told


def test_every_table_of_cosmic_rays_can_be_fitted():
    """By the luminosity alone, from where the scenario with nuclei stands; IceTop begins beyond the range."""
    from crhalo.maps.data.tables import names
    from crhalo.scenarios.fitting.local_data import FITTED

    for name in names():
        of = table(name).meta["quantity"]
        if of in FITTED and of != "boron/carbon" and name != "icetop-protons":
            found = fit(load("milky-way"), [name], ["source.L_CR"], range_GV=(20.0, 3e6))
            assert 0.3 < found.fitted.source.L_CR / found.scenario.source.L_CR < 3.0, name
