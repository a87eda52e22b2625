"""What people run: scenario files, the command line, and the steps from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .schema import Scenario

__all__ = ["load", "names"]


def load(name: str) -> Scenario:
    """Read a scenario: one of `names()`, or the path of a ``.toml`` file.

    Raises `ScenarioError`, in one line, where the file or a value in it is not allowed.

    >>> load("circumgalactic").with_overrides(["medium.z_B=3 kpc"]).medium.z_B
    3.0
    """
    from .schema import load

    return load(name)


def names() -> list[str]:
    """Names of the scenarios that come with the package.

    >>> names()
    ['bell-turbulence', 'cascade-halo', 'circumgalactic', 'coupling', 'diffusion-check', 'figure-1',
     'free-escape', 'galaxies', 'm31', 'radio', 'self-controlled', 'self-generated-halo',
     'self-generated-slab', 'two-zone']
    """
    from .schema import names

    return names()
