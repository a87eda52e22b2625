"""The flow of a halo whose waves leave the disc at the Alfven speed, and carry the protons with them.

Waves that protons excite travel the way the protons stream, away from the disc, at v_A = B/sqrt(4 pi rho_i)
(REV, after Eq. 4). They scatter in the frame of the waves: what is carried moves at v_A, and loses or gains
momentum by its divergence. The field is taken to point the way they go.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from ..exceptions import UserError
from ..surface import distance_from_disc_kpc
from ..units import C_KPC_MYR, KPC_MYR_CM_S, FloatArray

Speed = Callable[[ArrayLike, ArrayLike], FloatArray]

TURN_KPC = 0.025
"""The two sides of the disc stream apart; the flow turns round within this of the plane, far below D/v_A."""
FASTEST_FLOW = 0.03
"""Over c: frames are changed to first order in that. The slowest reaches 0.1 kpc in the age of the Galaxy."""
_SLOWEST_CM_S = 1e3
_STEP_KPC = 1e-4
_ON_AXIS_KPC = 1e-9


def wave_velocity_kpc_Myr(
    R_kpc: ArrayLike, z_kpc: ArrayLike, speed: Speed, R_d_kpc: float
) -> tuple[FloatArray, FloatArray]:
    """Velocity (u_R, u_z) of waves [kpc/Myr] straight away from the disc R < `R_d_kpc` at a speed (R, z)."""
    d, e_R, e_z = _way_out(R_kpc, z_kpc, R_d_kpc)
    s = np.minimum(d / TURN_KPC, 1.0)
    v = s * (2.0 - s) * speed(R_kpc, z_kpc)
    return v * e_R, v * e_z


def wave_divergence_Myr(R_kpc: ArrayLike, z_kpc: ArrayLike, speed: Speed, R_d_kpc: float) -> FloatArray:
    """Divergence of it [1/Myr]: the disc that it leaves on both sides, the fall of the speed, and the rim."""
    R = np.asarray(R_kpc, float)
    z = np.abs(z_kpc)
    d, e_R, e_z = _way_out(R, z, R_d_kpc)
    s = np.minimum(d / TURN_KPC, 1.0)
    ahead, behind = (speed(R + side * e_R, z + side * e_z) for side in (_STEP_KPC, -_STEP_KPC))
    steeper = (ahead - behind) / (2.0 * _STEP_KPC)
    # Beyond the rim the ways out spread like the radii of a circle about it, and away from the axis.
    spread = np.where(R > R_d_kpc, 1.0 / np.maximum(d, _ON_AXIS_KPC) + e_R / np.maximum(R, _ON_AXIS_KPC), 0.0)
    rise = s * (2.0 - s)
    return 2.0 * (1.0 - s) / TURN_KPC * speed(R, z) + rise * (steeper + spread * speed(R, z))


def _way_out(R_kpc: ArrayLike, z_kpc: ArrayLike, R_d_kpc: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distance from the disc, and the components of the unit vector away from it."""
    d = distance_from_disc_kpc(R_kpc, z_kpc, R_d_kpc)
    beyond = np.maximum(np.asarray(R_kpc, float) - R_d_kpc, 0.0) + 0.0 * d
    away = np.maximum(d, _ON_AXIS_KPC)
    # In the plane of the disc itself it points up.
    return d, beyond / away, np.where(beyond > 0.0, np.abs(z_kpc) / away, 1.0)


def check_wave_speed(speed: Speed, top_kpc: float, n_i_cm3: float) -> None:
    """Refuse waves that are too fast, or that stand still, anywhere on the axis up to the top of the halo.

    Raises
    ------
    UserError
        Naming the ions.
    """
    z = np.linspace(0.0, top_kpc, 201)
    v = speed(0.0 * z, z)
    key = f"medium.n_i = {n_i_cm3:g} cm-3"
    if v.max() > FASTEST_FLOW * C_KPC_MYR:
        raise UserError(
            f"{key}: waves move at {v.max() / C_KPC_MYR:.2g} c, and protons with them; allowed: ions that "
            f"slow them to {FASTEST_FLOW:g} c, or self_consistency.advected = false"
        )
    slowest = float(v.min()) * KPC_MYR_CM_S
    if slowest < _SLOWEST_CM_S:
        raise UserError(
            f"{key}: waves stand still at |z| = {z[np.argmin(v)]:.3g} kpc (v_A = {slowest / 1e5:.2g} km/s), "
            "and protons with them; allowed: 0.01 km/s or more, or self_consistency.advected = false"
        )
