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
        (("lift = 1.0 - (gamma_g - 1.0) * self.v_A / self.u", "lift = 1.0 + 0.0 * gamma_g"),),
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
        (("- float(self.tube.gravity(z))\n", "- 0.5 * float(self.tube.gravity(z))\n"),),
        "parkers_wind",
        "Parker's wind: critical radius",
    ),
)
