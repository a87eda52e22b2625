"""The broken twins of the flux tube around a source: name, file, changes, check, scale and row of each."""

TUBE, WAVES, PARTICLES = (
    "mc/coupled/flux_tube.py",
    "fields/waves/tube_waves.py",
    "mc/coupled/tube_particles.py",
)
STEPS = "mc/coupled/tube_steps.py"

TUBE_TWINS = (
    (
        "an end of the tube that lets half of them through",
        TUBE,
        (("D[0], D[-1] = 0.0, 2.0 * D[-1]", "D[0], D[-1] = 0.0, 1.0 * D[-1]"),),
        "diffusion_in_a_tube",
        1.0,
        "flux tube without growth: order",
    ),
    (
        "a D of the Galaxy of three free paths",
        WAVES,
        (
            (
                "return self.r_L_kpc * self.speed_kpc_Myr / (3.0 * np.minimum(F, 1.0))",
                "return self.r_L_kpc * self.speed_kpc_Myr / np.minimum(F, 1.0)",
            ),
        ),
        "residence_in_a_tube",
        1.0,
        "L_c^2/D over REV 10",
    ),
    (
        "grammage of the gas in one half of the tube",
        TUBE,
        (('sums["gas"] += dt * h *', 'sums["gas"] += 0.5 * dt * h *'),),
        "residence_in_a_tube",
        1.0,
        "grammage of 3e5 yr",
    ),
    (
        "growth at the rate of the amplitude",
        TUBE,
        (("return self._v * fall *", "return 0.5 * self._v * fall *"),),
        "work_on_the_waves",
        1.0,
        "waves of a tube, hot-ionised: energy gained",
    ),
    (
        "waves that grow twice as fast as protons push",
        TUBE,
        (("return self._v * fall *", "return 2.0 * self._v * fall *"),),
        "collective_escape",
        1.0,
        "self-similar cloud: density",
    ),
    (
        "flights that start at a smaller rate than the largest",
        PARTICLES,
        (
            (
                "return np.asarray(windows.min(axis=-1)[:, : self.count])",
                "return np.asarray(windows.max(axis=-1)[:, : self.count]) * 2.0",
            ),
        ),
        "particles_in_a_tube",
        0.3,
        "flights in a tube",
    ),
    (
        "steps that know no flow",
        STEPS,
        (("np.minimum(u * h / D, _STEEPEST)", "np.minimum(0.0 * u * h / D, _STEEPEST)"),),
        "steps_in_a_tube",
        0.5,
        "steps in found waves",
    ),
    (
        "steps as long as if both ways were open",
        STEPS,
        (("self._time = (", "self._time = 0.5 * ("),),
        "steps_in_a_tube",
        0.2,
        "steps in a tube of one D",
    ),
)
