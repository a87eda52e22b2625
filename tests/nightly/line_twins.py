"""The broken twins of guiding centres on field lines: name, file, changes, check, scale and row of each."""

STEPS, FLIGHTS = "mc/kernels/guided_steps.py", "mc/kernels/guiding_centre.py"

LINE_TWINS = (
    (
        "no mirror force",
        FLIGHTS,
        (
            ("force = 0.5 * (1.0 - mu * mu) * line.divergence", "force = 0.0"),
            ("stronger = math.exp(end.ln_B - line.ln_B)", "stronger = 1.0"),
        ),
        "focused",
        0.1,
        "focusing: coherent speed at lambda div b = 2.0",
    ),
    (
        "collisions by lambda where a flight ends, its length by that where it starts",
        "mc/kernels/move.py",
        (("climb = steep * depth", "climb = 0.0 * depth"),),
        "hand_over",
        0.5,
        "closed tube: density",
    ),
    (
        "steps that forget where the particle comes from",
        STEPS,
        (("new_mu += _focused(line, particle, new_mu)", "new_mu += 0.0"),),
        "steps_alone",
        0.2,
        "steps along a tube: density",
    ),
    (
        "steps straight on, along no curve",
        STEPS,
        (
            (
                "return went(line, R, way_of_line(table, R, z), length)",
                "return went(line, R, way_of_line(table, line.R, line.z), length)",
            ),
        ),
        "isotropic_limit",
        0.5,
        "epsilon = 1 on lines that bend",
    ),
    (
        "one hit of the wall by each guiding centre that arrives",
        STEPS,
        (
            (
                "return along / max(towards * b_n, NOTHING * particle.diffusion)",
                "return 1.0",
            ),
        ),
        "oblique_wall",
        0.3,
        "oblique wall at 80 deg, epsilon 0, lambda 1",
    ),
    (
        "whoever comes back from behind the wall goes on with the step",
        "mc/kernels/guided_wall.py",
        (("new = _away(table, new, u0)", "new = _going_on(table, new, particle)"),),
        "oblique_wall",
        0.3,
        "oblique wall at 60 deg, epsilon 0, lambda 0.02",
    ),
    (
        "whoever meets the wall in a step leaves it at once",
        "mc/kernels/guided_wall.py",
        (
            (
                "if fate == RETURNED and (new.x != particle.x or new.z != particle.z):",
                "if fate == RETURNED:",
            ),
        ),
        "leaning_walls",
        0.5,
        "leaning lines, a wall at rest: density",
    ),
    (
        "a surface that pushes steps back along its normal",
        STEPS,
        (("return -by_R, -by_z, back /", "return -back * normal.x, -back * normal.z, back /"),),
        "leaning_walls",
        0.5,
        "leaning lines, closed: density",
    ),
)
