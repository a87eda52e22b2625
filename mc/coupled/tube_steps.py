"""Steps of particles that diffuse and are carried along a flux tube, from one face of wide cells to the next.

From a face a particle leaves by one of its neighbours. With P the integral of u/D from the face on, the way
there has the weight w = int e^-P/D ds, and what lies on it holds a particle for T = int e^P w' ds, w' the
weight of the rest of the way. The next face outwards has the probability w_in/(w_in + w_out), and getting to
either takes (w_out T_in + w_in T_out)/(w_in + w_out) on average: the scale function and the speed measure of
one-dimensional diffusion (Karlin & Taylor 1981, A Second Course in Stochastic Processes, chapter 15). Wide
cells are made of those of the tube, one after the other, in each of which D and u are constant.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...fields.units import FloatArray

_FEWEST = 50
"""Cells of half a tube; steps to leave it are their square. With 100 times at 10 GeV come out 4% longer."""
_SMALL = 1e-4
_AT_MOST, _AT_FIRST_MYR = 0.1, 1e-6
_STEEPEST = 100.0  # u h/D beyond which nobody goes back


class Walk:
    """Steps through cells of half a tube, at epochs.

    Parameters
    ----------
    D_kpc2_Myr : ndarray, shape (epochs, faces)
        From the middle of the tube to its end.
    width_kpc : float
        Between two faces.
    flow : callable
        s_kpc -> kpc/Myr, away from the source.
    """

    def __init__(
        self, D_kpc2_Myr: FloatArray, width_kpc: float, flow: Callable[[FloatArray], FloatArray]
    ) -> None:
        cells = D_kpc2_Myr.shape[1] - 1
        several = max(each for each in range(1, max(cells // _FEWEST, 1) + 1) if cells % each == 0)
        self.h, self.count = width_kpc * several, cells // several
        # Waves are linear between faces.
        D = 2.0 / (1.0 / D_kpc2_Myr[:, :-1] + 1.0 / D_kpc2_Myr[:, 1:])
        u = flow((np.arange(cells) + 0.5) * width_kpc)
        shape = (len(D), self.count, several)
        out, into = _wide(D.reshape(shape), np.broadcast_to(u, D.shape).reshape(shape), width_kpc)
        # Face k lies between the cells k - 1 and k; at the middle both are alike.
        into = [
            np.concatenate([first[:, :1], each[:, :-1]], axis=1)
            for first, each in zip(out, into, strict=True)
        ]
        both = into[0] + out[0]
        self._outwards = into[0] / both
        self._time = (out[0] * into[1] + into[0] * out[1]) / both
        self._within = np.asarray(out[0])

    def step(
        self, s_kpc: FloatArray, t_Myr: FloatArray, epoch: np.ndarray, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """Where particles are after a step, and how long it took [Myr], with the D of an epoch for each.

        The times are exponentially distributed. Nobody waits for longer than `_AT_MOST` of the age: then the
        waves have changed, and the step begins anew.
        """
        x = np.abs(s_kpc) / self.h
        face = np.minimum(np.rint(x), self.count - 1).astype(int)
        chance = rng.random(s_kpc.size)
        further = np.where(chance < self._outwards[epoch, face], face + 1, face - 1)
        time = self._time[epoch, face]
        if (between := np.abs(x - face) > _SMALL).any():
            # To one of the faces of the cell that they are in, without the flow: once, at the start.
            cell = np.minimum(x.astype(int), self.count - 1)
            share = x - cell
            further = np.where(between, cell + (chance < share), further)
            time = np.where(between, 0.5 * share * (1.0 - share) * self.h * self._within[epoch, cell], time)
        time = time * rng.standard_exponential(s_kpc.size)
        longest = _AT_MOST * t_Myr + _AT_FIRST_MYR
        side = np.where(s_kpc == 0.0, np.where(chance < 0.5, -1.0, 1.0), np.sign(s_kpc))
        return np.where(time <= longest, side * np.abs(further) * self.h, s_kpc), np.minimum(time, longest)


def _wide(D: FloatArray, u: FloatArray, h: float) -> tuple[list[FloatArray], list[FloatArray]]:
    """[w, T] of cells (..., several) taken together, from the inner face and from the outer one."""
    a = np.minimum(u * h / D, _STEEPEST)
    lost, kept = _ways(a), _ways(-a)
    R, M = h / D * lost[0], h * kept[0]
    T_out, T_in = h**2 / D * lost[1], h**2 / D * kept[1]
    way, held, out, into, P = (each[..., 0] for each in (R, M, T_out, T_in, a))
    for j in range(1, D.shape[-1]):
        out = out + held * np.exp(-P) * R[..., j] + T_out[..., j]
        into = into + np.exp(P) * M[..., j] * way + T_in[..., j]
        way, held, P = way + np.exp(-P) * R[..., j], held + np.exp(P) * M[..., j], P + a[..., j]
    return [way, out], [np.exp(P) * way, into]


def _ways(a: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(1 - e^-a)/a and (a - 1 + e^-a)/a^2."""
    small = np.abs(a) < _SMALL
    safe = np.where(small, 1.0, a)
    lost = -np.expm1(-safe)
    return np.where(small, 1.0 - 0.5 * a, lost / safe), np.where(
        small, 0.5 - a / 6.0, (safe - lost) / safe**2
    )
