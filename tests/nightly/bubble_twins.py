"""The broken twins of the expanding bubble: name, file, changes, check, scale and row of each."""

ZONES, PROTONS = "mc/coupled/zones.py", "mc/coupled/zone_protons.py"

BUBBLE_TWINS = (
    (
        "gas that keeps a tenth of the work it does",
        ZONES,
        (("state.heat[i - 1] -= spent", "state.heat[i - 1] -= 0.9 * spent"),),
        "blast_and_tube",
        1.0,
        "Sod",
    ),
    (
        "a shock that does not heat",
        ZONES,
        (("spent = (scratch.gas[i] + scratch.viscous[i]) * grown", "spent = scratch.gas[i] * grown"),),
        "bubble_in_adiabatic_gas",
        0.5,
        "adiabatic bubble",
    ),
    (
        "cosmic rays that push with twice their pressure",
        ZONES,
        (
            (
                "total += state.protons[i, g] * physics.pressure[g]",
                "total += 2.0 * state.protons[i, g] * physics.pressure[g]",
            ),
        ),
        "bubble_in_cold_gas",
        0.3,
        "thin shell",
    ),
    (
        "cosmic rays that push for nothing",
        PROTONS,
        (("share = fall / physics.width * matched", "share = 0.0 * fall"),),
        "bubble_that_stalls",
        1.0,
        "stalled bubble",
    ),
    (
        "cosmic rays that lose what their groups say, not the work",
        PROTONS,
        (("matched = min(max(work / gone, 0.5), 2.0)", "matched = 1.0"),),
        "energy_of_the_bubble",
        1.0,
        "energy of the bubble in cold gas: work",
    ),
    (
        "gravity that does not count what it takes",
        ZONES,
        (("weight = _face_mass(state, i, n) *", "weight = 0.98 * _face_mass(state, i, n) *"),),
        "energy_of_the_bubble",
        1.0,
        "energy of the bubble in hot gas: work",
    ),
    (
        "diffusion over twice the distance to the zone before",
        PROTONS,
        (("width += 0.5 * (r - state.r[i - 1])", "width += r - state.r[i - 1]"),),
        "cosmic_rays_in_gas_at_rest",
        1.0,
        "wall of gas at rest",
    ),
)
