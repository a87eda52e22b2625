"""Spheres of gas about the Galactic centre, as seen from the Sun.

A spherical emissivity is spread onto nodes in (R, |z|), which the line of sight (`sky`) and the mean of the
sky (`structure`) take: at a node stands its mean over a shell as thick as nodes are apart, so that the light
of layers thinner than that is all there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ...fields.units import FloatArray
from .sky_model import single_precision_map
from .structure import distance_weights

_FIRST_KPC, _SPACING = 0.5, 0.016
_SEEN = 0.999
# Rays end no closer: the Sun lies well inside.
_SHORTEST_KPC = 20.0


@dataclass(frozen=True)
class SphericalSky:
    """The sky of emissivities that depend on the distance from the Galactic centre alone.

    Attributes
    ----------
    r_max_kpc : float
        Where there is nothing more to be seen.
    """

    r_max_kpc: float

    @cached_property
    def nodes_kpc(self) -> FloatArray:
        """Nodes in R, and in |z|."""
        count = int(np.ceil(np.log(self.r_max_kpc / _FIRST_KPC) / _SPACING)) + 1
        return np.append(0.0, np.geomspace(_FIRST_KPC, self.r_max_kpc, count))

    @cached_property
    def _weights(self) -> FloatArray:
        return distance_weights(self.nodes_kpc, self.nodes_kpc, [], self.r_max_kpc)[0]

    def at_nodes(self, faces_kpc: FloatArray, emissivity: FloatArray) -> FloatArray:
        """Emissivities (shells, channels) between faces (shells + 1) as values at the nodes (R, z, channels).

        There is none within the first face and beyond the last.
        """
        volumes = np.diff(faces_kpc**3)
        light = np.zeros((faces_kpc.size, emissivity.shape[1]))
        light[1:] = np.cumsum(emissivity * volumes[:, None], axis=0)
        r = np.hypot(self.nodes_kpc[:, None], self.nodes_kpc)
        ends = [np.maximum(r, _FIRST_KPC) * (1.0 + 0.5 * side * _SPACING) for side in (-1.0, 1.0)]
        low, high = (np.clip(end, 0.0, self.r_max_kpc) ** 3 for end in ends)
        at = faces_kpc**3
        within = np.stack([np.interp(high, at, row) - np.interp(low, at, row) for row in light.T], axis=-1)
        shell = (high - low)[..., None]
        return np.divide(within, shell, out=np.zeros_like(within), where=shell > 0)

    def mean(self, table: FloatArray) -> FloatArray:
        """Sky average of each channel of a table at the nodes, unabsorbed."""
        return np.tensordot(self._weights, table, axes=2)

    def maps(self, table: FloatArray, nside: int, absorption_per_kpc: ArrayLike) -> FloatArray:
        """Maps (channels, n_pix) of a table at the nodes, out to where 0.1% of its light is left."""
        r = np.hypot(self.nodes_kpc[:, None], self.nodes_kpc)
        order = np.argsort(r, axis=None)
        seen = np.cumsum((self._weights[..., None] * table).reshape(r.size, -1)[order], axis=0)
        enough = np.argmax(seen >= _SEEN * seen[-1], axis=0).max()
        return single_precision_map(
            table,
            self.nodes_kpc,
            self.nodes_kpc,
            nside,
            absorption_per_kpc=absorption_per_kpc,
            disc_radius_kpc=None,
            r_max_kpc=max(float(r.ravel()[order[enough]]), _SHORTEST_KPC),
        )
