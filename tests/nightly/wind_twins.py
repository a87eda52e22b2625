"""The broken twins of winds: name, file, changes, check and the row that fails."""

FLOW, PROTONS, PARTICLES = (
    "mc/coupled/wind_flow.py",
    "mc/coupled/wind_protons.py",
    "mc/coupled/wind_particles.py",
)

WIND_TWINS = (
    (
        "cosmic rays that lift all that they push, and heat as well",
        FLOW,
        (("return 1.0 - (gamma_g - 1.0) * self.v_A / self.u", "return 1.0"),),
        "bernoulli_of_winds",
        "wind, cool: spread of Bernoulli's constant",
    ),
    (
        "waves that heat nothing",
        FLOW,
        (
            (
                "return [steepness, index * ln_rho - heating, ln_P_c]",
                "return [steepness, index * ln_rho, ln_P_c]",
            ),
        ),
        "bernoulli_of_winds",
        "wind, cool: spread of Bernoulli's constant",
    ),
    (
        "cosmic rays carried by the gas alone",
        FLOW,
        (("gamma = base.gamma_c * (2.0 * u + v_A) / (2.0 * (u + v_A))", "gamma = base.gamma_c"),),
        "energy_of_winds",
        "wind, cool: energy of cosmic rays and their work",
    ),
    (
        "half of the heat of waves",
        FLOW,
        (("heating = (index - 1.0) *", "heating = 0.5 * (index - 1.0) *"),),
        "energy_of_winds",
        "wind, cool: energy that gas gains",
    ),
    (
        "gravity that holds half",
        FLOW,
        (("pulled = float(self.tube.gravity(z))", "pulled = 0.5 * float(self.tube.gravity(z))"),),
        "parkers_wind",
        "Parker's wind: critical radius",
    ),
    (
        "no work on the disc's own plasma",
        PROTONS,
        (("np.append(carried[0], np.diff(carried)) / 3.0", "np.append(0.0, np.diff(carried)) / 3.0"),),
        "protons_of_winds",
        "protons carried without diffusion",
    ),
    (
        "energy lost at twice the rate of the expansion",
        PROTONS,
        (("losing = self.expansion.copy()", "losing = 2.0 * self.expansion"),),
        "protons_of_winds",
        "protons of a wind: energy that they lose",
    ),
    (
        "half of the time at the base",
        PARTICLES,
        (
            (
                "new, at_base = old + way + pushed, pushed / ",
                "new, at_base = old + way + pushed, 0.5 * pushed / ",
            ),
        ),
        "particles_of_winds",
        "test protons of a wind over the equation, 10 GeV/c, at the base",
    ),
    (
        "particles that a D which rises does not push",
        PARTICLES,
        (("return D, V + D * (steep + opening), loss", "return D, V + 0.0 * steep, loss"),),
        "particles_of_winds",
        "test protons of a wind over the equation, 1000 GeV/c",
    ),
)
