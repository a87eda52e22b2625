"""The history of a particle: what is carried along with its place and momentum."""

from __future__ import annotations

import math
from typing import NamedTuple

from ...fields._jit import kernel
from ...fields.units import M_P_GEV
from ..tally import (
    ENERGY_BINS_PER_DECADE,
    ENERGY_STEPS,
    GROUPS_PER_BIN,
    NOTHING_LOST,
    STEP_STARTS,
    Fate,
)
from .rng import PURPOSE_TRANSPORT, history_draw, next4, split_draw, uniform4

ESCAPED, ABSORBED, ALIVE, MAX_STEPS, NOT_FINITE = (
    int(fate) for fate in (Fate.ESCAPED, Fate.ABSORBED, Fate.ALIVE, Fate.MAX_STEPS, Fate.NOT_FINITE)
)
# Stands in place of a fate where the history goes on in the halo.
RETURNED = -1
# A clock is a sum of many times: within this share of t_max it is at the end.
NEARLY_ALL = 1.0 - 1e-12
# The places along moves at which they are counted advance in strides of the golden section, so that they
# cover a move evenly however few moves there are.
GOLDEN = 0.6180339887498949
# The energy bin of a particle is found anew once ln p has changed by this: a hundredth of the width of a bin,
# 0.29, is little, and finding it takes three logarithms.
BINNED_LN_P = 1e-3
_LN10 = math.log(10.0)
_SINGLE_BINS = 9  # steps of `STEP_STARTS` that hold one bin each
_ROUNDING = 1e-9  # of a bin: what is injected at the lowest edge is not below it


class History(NamedTuple):
    """What travels with a particle. A history does not change: functions return the next one.

    Attributes
    ----------
    group : int
        Injection group of the particle.
    particle_id : int
        Its number in the run.
    split : int
        0 for the particle itself; 1, 2 ... for its first-passage splits, which end at the surface, and from
        `Controls.first_passage_splits` on for those that weight windows divide it into.
    branch : int
        0 in the halo, and the number of a split particle behind the wall.
    draw : int
        How many sets of random numbers it has used for moves and reflections.
    sample_at : float
        Where along its last move that was counted, in (0, 1).
    clock : float
        Age [Myr].
    weight : float
        Share of a particle that it counts as.
    multiplicity : float
        How many returns through the halo the one that is followed stands for.
    before_surface : bool
        Whether its first encounter with the surface is still to come.
    grammage : float
        What it has passed in the halo and its disc, times its weight [g cm-2].
    ln_p_binned : float
        The ln p for which its energy bin was found last.
    energy_step : int
        The step of the residence tallies for what it has lost or won, see `tally.STEP_STARTS`.
    """

    group: int
    particle_id: int
    split: int
    branch: int
    draw: int
    sample_at: float
    clock: float
    weight: float
    multiplicity: float
    before_surface: bool
    grammage: float
    ln_p_binned: float
    energy_step: int


@kernel
def energy_step_of(controls, group, ln_p):
    """Step of the residence tallies for what a particle has lost or won since injection (`STEP_STARTS`)."""
    p = math.exp(ln_p)
    energy = math.sqrt(p * p + M_P_GEV * M_P_GEV)
    position = math.log(energy / controls.energy_edges[0]) / _LN10 * ENERGY_BINS_PER_DECADE
    edges = controls.energy_edges.size - 1
    width = math.log(controls.energy_edges[edges] / controls.energy_edges[0]) / _LN10 * ENERGY_BINS_PER_DECADE
    # Edges are whole fractions of the range, so its bins may be narrower than nominal.
    bins = edges // GROUPS_PER_BIN
    now = int(math.floor(position * bins / width + _ROUNDING))
    if now < 0:
        return ENERGY_STEPS - 1
    lost = group * bins // edges - now
    step = 0 if lost < 0 else NOTHING_LOST + min(lost, _SINGLE_BINS)
    while step + 1 < len(STEP_STARTS) and lost >= STEP_STARTS[step + 1]:
        step += 1
    return step


@kernel
def new_history(world, group, particle_id, split, weight, ln_p):
    """The history of a particle of a weight that is injected with a momentum, or of one of its splits."""
    sample_at, _, _ = history_draw(world.controls.seed, particle_id, split)
    return History(
        group=group,
        particle_id=particle_id,
        split=split,
        branch=0,
        draw=0,
        sample_at=sample_at,
        clock=0.0,
        weight=weight / world.controls.first_passage_splits,
        multiplicity=1.0,
        before_surface=True,
        grammage=0.0,
        ln_p_binned=ln_p,
        energy_step=energy_step_of(world.controls, group, ln_p),
    )


@kernel
def split_history(world, parent, branch, share, ln_p):
    """The history of a split particle that goes behind the wall now, as a share of the weight of another."""
    sample_at, _, _, _ = split_draw(world.controls.seed, parent.particle_id, parent.split, branch)
    return History(
        group=parent.group,
        particle_id=parent.particle_id,
        split=parent.split,
        branch=branch,
        draw=0,
        sample_at=sample_at,
        clock=parent.clock,
        weight=share * parent.weight,
        multiplicity=1.0,
        before_surface=False,
        grammage=0.0,
        ln_p_binned=ln_p,
        energy_step=energy_step_of(world.controls, parent.group, ln_p),
    )


@kernel
def is_first_passage_split(controls, h):
    """Whether a history ends at its first encounter with the surface, where the particle itself goes on."""
    return 0 < h.split < controls.first_passage_splits


@kernel
def whole_weight(controls, h):
    """How many particles a history counts as from its first encounter with the surface on."""
    return h.weight * controls.first_passage_splits if h.before_surface else h.weight


@kernel
def past_surface(controls, h):
    """The history from the first encounter with the surface on."""
    return History(
        h.group, h.particle_id, h.split, h.branch, h.draw, h.sample_at, h.clock, whole_weight(controls, h),
        h.multiplicity, False, h.grammage, h.ln_p_binned, h.energy_step,
    )  # fmt: skip


@kernel
def weighing(h, split, draw, sample_at, weight):
    """The history with another weight and stream of random numbers, of particle and split."""
    return History(
        h.group, h.particle_id, split, h.branch, draw, sample_at, h.clock, weight, h.multiplicity,
        h.before_surface, h.grammage * (weight / h.weight), h.ln_p_binned, h.energy_step,
    )  # fmt: skip


@kernel
def next_sample(sample_at):
    """Where along the next move it is counted."""
    beyond = sample_at + GOLDEN
    return beyond - 1.0 if beyond >= 1.0 else beyond


@kernel
def after_part(h, sample_at, clock, passed):
    """The history after a move, or a part of one, that was counted, in which it has `passed` a grammage."""
    return History(
        h.group, h.particle_id, h.split, h.branch, h.draw, sample_at, clock, h.weight, h.multiplicity,
        h.before_surface, h.grammage + passed, h.ln_p_binned, h.energy_step,
    )  # fmt: skip


@kernel
def at_energy(h, ln_p, energy_step):
    """The history at a momentum whose energy step was found."""
    return History(
        h.group, h.particle_id, h.split, h.branch, h.draw, h.sample_at, h.clock, h.weight, h.multiplicity,
        h.before_surface, h.grammage, ln_p, energy_step,
    )  # fmt: skip


@kernel
def _next(h, draw, clock, multiplicity):
    return History(
        h.group, h.particle_id, h.split, h.branch, draw, h.sample_at, clock, h.weight, multiplicity,
        h.before_surface, h.grammage, h.ln_p_binned, h.energy_step,
    )  # fmt: skip


@kernel
def at_age(history, clock):
    """The history at another age [Myr]."""
    return _next(history, history.draw, clock, history.multiplicity)


@kernel
def standing_for(history, multiplicity):
    """The history with a return through the halo that stands for `multiplicity` alike."""
    return _next(history, history.draw, history.clock, multiplicity)


@kernel
def drawn(history, sets):
    """The history that has used so many sets of random numbers more."""
    return _next(history, history.draw + sets, history.clock, history.multiplicity)


@kernel
def next_draw(seed, history):
    """Four uniforms in (0, 1) for its next move or reflection, and the history that has used them."""
    where = history.particle_id, history.split, history.branch, history.draw
    return uniform4(seed, PURPOSE_TRANSPORT, *where), drawn(history, 1)


@kernel
def next_in_row(buffer, seed, history):
    """As `next_draw`, of a history that nothing but this draws for, from the first on."""
    uniforms = next4(buffer, seed, history.particle_id, history.split, history.branch, history.draw)
    return uniforms, drawn(history, 1)
