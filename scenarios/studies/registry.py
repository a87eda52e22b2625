"""All studies; a new one is a line here and a file beside this one."""

from __future__ import annotations

from ..file.scenario import Scenario
from . import (
    circumgalactic_limits,
    coupling,
    expanding_bubble,
    figure_1,
    galaxies,
    galaxy_tracks,
    local_diffusion,
    orbits,
    radio,
)
from .near_sources import cocoons, near_source, nested_leaky_box
from .study import Study
from .winds import study as cosmic_ray_wind

STUDIES: tuple[Study, ...] = (
    figure_1.STUDY,
    radio.STUDY,
    coupling.STUDY,
    galaxies.STUDY,
    expanding_bubble.STUDY,
    galaxy_tracks.STUDY,
    local_diffusion.STUDY,
    circumgalactic_limits.STUDY,
    near_source.STUDY,
    cocoons.STUDY,
    cosmic_ray_wind.STUDY,
    nested_leaky_box.STUDY,
    orbits.STUDY,
)


def study_of(scenario: Scenario) -> Study | None:
    """The study that a scenario asks for; None where it is one run."""
    return next((study for study in STUDIES if getattr(scenario, study.table) is not None), None)
