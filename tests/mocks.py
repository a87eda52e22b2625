"""Measurements that are made up of what a scenario predicts, to be fitted."""

from dataclasses import replace

import numpy as np
from crhalo.scenarios import load
from crhalo.scenarios.fitting import free_keys
from crhalo.scenarios.fitting.local_data import measured_at_sun
from crhalo.scenarios.fitting.predictions import Predictions

SCENARIO = load("milky-way")


def predictions_of(free, data=("ams02-protons",), between=(60.0, 2000.0), scenario=SCENARIO):
    return Predictions(
        scenario, free_keys.free_keys(scenario, free), measured_at_sun(scenario, data, between)
    )


def coordinates_of(predictions):
    """Those of the scenario itself."""
    return free_keys.coordinates_of(predictions.scenario, predictions.keys)


def mock(predictions, seed, scatter=1.0):
    """The same points, as the scenario has them, scattered by their errors."""
    model = predictions.at(coordinates_of(predictions))
    rng, measured, start = np.random.default_rng(seed), [], 0
    for one in predictions.measured:
        value = model[start : start + one.value.size]
        error = 0.5 * (one.below + one.above) * value / one.value
        start += one.value.size
        noise = scatter * rng.standard_normal(value.size)
        measured.append(replace(one, value=value + noise * error, below=error, above=error))
    return replace(predictions, measured=tuple(measured))
