"""The world of a particle: the medium, how the particle is followed, and where it is counted.

Every kernel that follows particles is given one `World`. Units: kpc, Myr, GeV.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...fields.medium_table import MediumTable
from ..tally import Binning, Tally
from .lanes.state import Lanes, Waiting


class Controls(NamedTuple):
    """How to follow the particles of a block.

    Attributes
    ----------
    seed : int
        Of all random numbers of the run.
    hybrid : bool
        Whether diffusive steps are taken where lambda is small; if not, every path is a flight.
    reflect_at_wall : bool
        Whether incursions behind a two-way wall are replaced by their exact law where lambda is tiny there;
        if not, every crossing is flown.
    first_passage_splits : int
        How many histories are followed up to the first encounter with the surface for each one beyond it.
    t_max : float
        Age at which a history ends [Myr].
    max_steps : int
        Number of moves at which a history is given up.
    R_d : float
        Radius of the source disc [kpc].
    energy_edges : ndarray, shape (groups + 1,)
        Edges of the injection groups in total energy [GeV].
    schedule : ndarray of int, shape (particles of a whole block,)
        Injection groups that particles take in turn; orbits begin anew in each block.
    ranks : ndarray of int, shape (particles of a whole block,)
        Rank of each in energy, among those of one turn.
    halo_cells, bell_cells : Binning
        Cells of the residence tallies inside and outside the surface.
    inverse_shell_step : float
        One over the width of the shells of `Tally.filling` [1/kpc].
    only : int
        Index of the one particle of a block that is followed, or -1 if all are.
    track : ndarray, shape (lines, columns of `blocks.TRACK_COLUMNS`)
        Takes every move of that particle; without lines nothing is written.
    track_length : ndarray of int, shape (2,)
        How many moves there were so far, and which first-passage split is being followed.
    """

    seed: int
    hybrid: bool
    reflect_at_wall: bool
    first_passage_splits: int
    t_max: float
    max_steps: int
    R_d: float
    energy_edges: np.ndarray
    schedule: np.ndarray
    ranks: np.ndarray
    halo_cells: Binning
    bell_cells: Binning
    inverse_shell_step: float
    only: int
    track: np.ndarray
    track_length: np.ndarray


class WallSampling(NamedTuple):
    """How encounters with a Bell wall are sampled, by node of momentum (`wall_sampling` chooses the numbers).

    Attributes
    ----------
    multiplicity : ndarray, shape (momenta,)
        How many returns through the halo one simulated return stands for.
    splits_per_capture : ndarray, shape (momenta,)
        How many split particles go behind the wall for each capture; whole numbers.
    h_table : ndarray
        Chandrasekhar's H function of the scattering behind the wall, for `albedo.h_of`.
    """

    multiplicity: np.ndarray
    splits_per_capture: np.ndarray
    h_table: np.ndarray


class World(NamedTuple):
    """The medium, how a particle is followed in it, and where it is counted.

    Attributes
    ----------
    table : MediumTable
        The medium.
    controls : Controls
        How particles are followed.
    wall : WallSampling or None
        How encounters with the surface are sampled if it is a Bell wall that particles come back from; None
        if it is not. Code that asks a function's argument whether it is None is then not compiled.
    one_way : bool or None
        True if it is one that nobody comes back from, None if not.
    tally : Tally
        The counts, which kernels add to.
    lanes : Lanes or None
        Where histories stand that are followed side by side; None for orbits.
    buffer : ndarray, shape (4, DRAWS_AHEAD)
        Random numbers made in advance, of the split particle that is followed behind the wall.
    source_edges : ndarray, shape (groups, parts + 1), or None
        Where more particles are released than sources have, if anywhere: see `Windows`.
    weights : ndarray, shape (groups, R, z), or None
        What histories should weigh, if they are divided.
    waiting : Waiting or None
        Those that a history has been divided into, if they are.
    """

    table: MediumTable
    controls: Controls
    wall: WallSampling | None
    one_way: bool | None
    tally: Tally
    lanes: Lanes | None
    buffer: np.ndarray
    source_edges: np.ndarray | None
    weights: np.ndarray | None
    waiting: Waiting | None
