"""A fit of free keys of a scenario to measurements at the Sun, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...fields.cores import threads_of
from ...fields.exceptions import NotConverged
from ...fields.units import FloatArray
from ..file.quantities import ScenarioError
from ..file.scenario import Scenario
from ..folder.provenance import provenance_of
from ..progress import Progress, shown_if
from .best_fit import BestFit, best_fit, check_constrained
from .free_keys import FreeKey, coordinates_of, free_keys, with_values
from .kept import Kept
from .local_data import Measured, by_measurement, independent_points, measured_at_sun, range_GV
from .posterior import Posterior, check_can_sample, sample
from .predictions import Predictions

_EXPECTED_STEPS = 8
_HOPELESS = 10.0
QUANTILES = (0.16, 0.5, 0.84)


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """What a fit has found.

    Attributes
    ----------
    scenario : Scenario
        Where it started.
    keys : tuple of FreeKey
        What was free.
    measured : tuple of Measured
        What it was fitted to.
    best : BestFit
        The least chi^2, in the coordinates of the keys.
    posterior : Posterior, optional
        Samples, if they were asked for.
    solved : int
        How often the transport equation was solved.
    """

    scenario: Scenario
    keys: tuple[FreeKey, ...]
    measured: tuple[Measured, ...]
    best: BestFit
    posterior: Posterior | None
    solved: int

    # What needs the figures is bound in `scenarios.api`.
    write: ClassVar[Callable[..., None]]

    def __repr__(self) -> str:
        names = ", ".join(key.name for key in self.keys)
        return f"<Fit: {names}; chi^2 = {self.best.chi2:.4g}, {self.best.pulls.size} points>"

    @property
    def fitted(self) -> Scenario:
        """The scenario at the best fit, its values rounded two digits beyond their errors."""
        at, errors = self.best.coordinates, self.best.errors
        texts = [key.text(float(u), float(e)) for key, u, e in zip(self.keys, at, errors, strict=True)]
        return with_values(self.scenario, self.keys, texts)

    @property
    def degrees_of_freedom(self) -> int:
        """Independent points less free keys."""
        return independent_points(self.measured) - len(self.keys)

    @property
    def note(self) -> str:
        """What is to be said of a fit that does not fit; empty else."""
        per_point = self.best.chi2 / max(self.degrees_of_freedom, 1)
        if per_point <= _HOPELESS:
            return ""
        return (
            f"chi^2 is {per_point:.3g} per degree of freedom: errors mean nothing here; another start, other "
            "free keys or another medium may do better"
        )

    def parameters(self) -> list[dict[str, Any]]:
        """A row for each key: start, best value and error, the quantiles of the posterior, and correlations.

        Values are in the unit of the row.
        """
        rows = []
        for i, key in enumerate(self.keys):
            u, error = float(self.best.coordinates[i]), float(self.best.errors[i])
            row: dict[str, Any] = {
                "key": key.name,
                "unit": key.unit or "1",
                "start": key.in_unit(key.value_in(self.scenario)),
                "value": key.in_unit(key.value(u)),
                "error": key.error_in_unit(u, error),
                "at_limit": self._at_limit(i),
            }
            for q, value in self._quantiles(i).items():
                row[f"quantile_{100 * q:.0f}"] = value
            for other, r in zip(self.keys, self.best.correlations[i], strict=True):
                row[f"correlation_{other.name}"] = float(r)
            rows.append(row)
        return rows

    def _at_limit(self, i: int) -> bool:
        low, high = self.keys[i].limits
        at = self.best.coordinates[i]
        return bool(min(at - low, high - at) < 1e-6 * (high - low))

    def _quantiles(self, i: int) -> dict[float, float]:
        if self.posterior is None:
            return {}
        key, samples = self.keys[i], self.posterior.coordinates[:, i]
        return {q: key.in_unit(key.value(float(np.quantile(samples, q)))) for q in QUANTILES}

    def samples(self) -> dict[str, FloatArray]:
        """Samples of the posterior, of each key in its unit.

        Raises
        ------
        UserError
            If there is no posterior.
        """
        if self.posterior is None:
            raise ScenarioError("samples: allowed: of a fit with posterior=True")
        return {
            key.name: np.array([key.in_unit(key.value(float(u))) for u in column])
            for key, column in zip(self.keys, self.posterior.coordinates.T, strict=True)
        }

    def points(self) -> list[dict[str, Any]]:
        """A row for each point that was fitted."""
        best = self.best
        parts = (by_measurement(self.measured, each) for each in (best.model, best.model_error, best.pulls))
        return [
            {
                "quantity": each.what,
                "experiment": each.label,
                "rigidity_GV": float(each.rigidity_GV[i]),
                "measured": float(each.value[i]),
                "error_low": float(each.below[i]),
                "error_high": float(each.above[i]),
                "model": float(model[i]),
                "model_error": float(error[i]),
                "pull": float(pulls[i]),
            }
            for each, model, error, pulls in zip(self.measured, *parts, strict=True)
            for i in range(each.value.size)
        ]

    def summary(self) -> dict[str, Any]:
        """The numbers of the fit, as summary.json has them."""
        found: dict[str, Any] = {
            "chi2": self.best.chi2,
            "note": self.note,
            "points": self.best.pulls.size,
            "degrees_of_freedom": self.degrees_of_freedom,
            "largest_pull": float(np.abs(self.best.pulls).max()),
            "transport_equation_solved": self.solved,
            "parameters": {row.pop("key"): row for row in self.parameters()},
        }
        for table in found["parameters"].values():
            table["correlations"] = {
                name.removeprefix("correlation_"): table.pop(name)
                for name in list(table)
                if name.startswith("correlation_")
            }
        if self.posterior is not None:
            found["posterior"] = {
                "samples": len(self.posterior.coordinates),
                "correlation_steps": self.posterior.correlation_steps,
                "solutions_held_out": len(self.posterior.held_out),
                "emulator_error_over_data": self.posterior.error_over_data,
                "emulator_shift_over_error": self.posterior.shift_over_error,
            }
        return found


def fit(
    scenario: Scenario,
    data: Sequence[str | Path],
    free: Sequence[str],
    *,
    range_GV: Any = None,
    posterior: bool = False,
    threads: int | None = None,
    progress: bool = False,
) -> Fit:
    """Fit free keys of a scenario to measurements at the Sun, by the steady transport equation.

    Parameters
    ----------
    scenario : Scenario
        Where the fit starts.
    data : sequence of str or Path
        Tables of measurements, by name (`crhalo data`) or files: protons, boron/carbon, nuclei, antiprotons,
        positrons.
    free : sequence of str
        Keys that vary, as "diffusion.D0". Those whose allowed range is wide vary in their logarithm. Of a
        composition hydrogen takes what the other shares leave.
    range_GV : (float, float), optional
        Rigidities of the points that are fitted; 20 GV to 2 TV if not given.
    posterior : bool
        Whether to sample the posterior too, with a prior that is flat in what varies.
    threads : int, optional
        Of rounds that find waves, where the scenario has them.
    progress : bool
        Whether to tell on standard error how far it has come.

    Returns
    -------
    Fit
        `fitted` is the scenario with the best values.

    Raises
    ------
    UserError
        In one line, if a key cannot vary or the data do not tell it, a table has no errors, or the scenario
        is none of one galaxy.
    NotConverged
        If the fit, or the posterior, does not settle.

    Examples
    --------
    >>> from crhalo.scenarios import fit, load
    >>> found = fit(load("milky-way"), ["ams02-bc"], ["diffusion.D0", "diffusion.delta"])  # doctest: +SKIP
    >>> found.best.chi2, found.fitted.diffusion.delta  # doctest: +SKIP
    """
    with shown_if(progress) as told:
        return run_fit(scenario, data, free, range_GV, posterior, told, threads_of(threads))


def run_fit(
    scenario: Scenario,
    data: Sequence[str | Path],
    free: Sequence[str],
    between: Any,
    with_posterior: bool,
    told: Progress,
    threads: int,
    evaluations: Path | None = None,
) -> Fit:
    """As `fit`; what is found on the way is kept in a file, if there is one, and taken from it."""
    check_can_be_fitted(scenario)
    if with_posterior:
        check_can_sample()
    keys, between_GV = free_keys(scenario, free), range_GV(between)
    measured = measured_at_sun(scenario, data, between_GV)
    start = coordinates_of(scenario, keys)
    predictions = Predictions(scenario, keys, measured, threads=threads)
    if evaluations is not None:
        predictions.kept = Kept.read(evaluations, _header(predictions))
    check_constrained(predictions, start)
    if evaluations is not None:
        evaluations.parent.mkdir(parents=True, exist_ok=True)
        predictions.kept.begin(evaluations, _header(predictions))
    stage, expected = "Solutions for the best fit", _EXPECTED_STEPS * len(keys)
    told(stage, 0, expected)
    best = best_fit(predictions, start, lambda: told(stage, min(predictions.kept.solved, expected), expected))
    told(stage, expected, expected)
    found = None
    if with_posterior:
        stage = "Solutions for the posterior"
        try:
            found = sample(predictions, best, scenario.transport.seed, lambda done, of: told(stage, done, of))
        except NotConverged as stopped:
            alone = Fit(scenario, keys, measured, best, None, predictions.kept.solved)
            raise NotConverged(str(stopped), alone) from None
    return Fit(scenario, keys, measured, best, found, predictions.kept.solved)


def check_can_be_fitted(scenario: Scenario) -> None:
    """Refuse (`ScenarioError`) a scenario of which the equation does not say what is at the Sun."""
    if scenario.study is not None or scenario.turbulence is not None:
        raise ScenarioError(f"fit: a scenario with a [{scenario.study or 'turbulence'}]; allowed: one galaxy")
    if scenario.observer is not None:
        raise ScenarioError("fit: a scenario with an [observer]; allowed: our own galaxy")
    if scenario.transport.method == "orbit":
        raise ScenarioError('fit: transport.method = "orbit"; allowed: a medium with a diffusion coefficient')
    if scenario.medium.current == "measured":
        raise ScenarioError('fit: medium.current = "measured"; allowed: "prescribed"')
    if scenario.self_consistency is not None and scenario.self_consistency.solver == "particles":
        raise ScenarioError('fit: self_consistency.solver = "particles"; allowed: "transport-equation"')
    if fault := scenario.too_small_for_cells():
        raise ScenarioError(f"{fault} in a fit")


def _header(predictions: Predictions) -> dict[str, Any]:
    """What makes two fits the same but for the posterior: of another one nothing can be taken."""
    there = provenance_of(predictions.scenario)
    return {
        **{key: there[key] for key in ("version", "scenario", "machine")},
        "free": [key.name for key in predictions.keys],
        "data": [
            [
                each.label,
                each.what,
                *(x.tolist() for x in (each.rigidity_GV, each.value, each.below, each.above)),
            ]
            for each in predictions.measured
        ],
    }
