"""The broken twins of orbits through a galaxy: name, file, changes, check, scale and row of each."""

WAVES, ORBITS = "fields/turbulence/local_waves.py", "mc/kernels/orbit.py"

ORBIT_TWINS = (
    (
        "a window of waves whose change along the way is left out",
        WAVES,
        (("steep = -g * offsets", "steep = 0.0 * g"),),
        "lines_and_waves",
        0.5,
        "orbits in a galaxy: div B of its waves",
    ),
    (
        "lines of which one component is a per cent too strong",
        "fields/turbulence/regular.py",
        (
            (
                "B_z = _bicubic(field.flux, i, j, _slopes(a, per_R), w_z) / R",
                "B_z = 1.01 * _bicubic(field.flux, i, j, _slopes(a, per_R), w_z) / R",
            ),
        ),
        "lines_and_waves",
        0.5,
        "orbits in a galaxy: div B of its lines",
    ),
    (
        "waves with the power of two",
        WAVES,
        (("self._power_present_uG2 * step", "self._power_present_uG2 * 2.0 * step"),),
        "lines_and_waves",
        0.5,
        "orbits in a galaxy: power of waves",
    ),
    (
        "lines that do not open",
        "fields/turbulence/regular.py",
        (
            (
                "B_R = -math.copysign(1.0, z) * _bicubic(field.flux, i, j, w_R, _slopes(b, per_z)) / R",
                "B_R = 0.0 * z",
            ),
        ),
        "mirrored_orbits",
        0.5,
        "orbits in a tube: height of the mirror",
    ),
    (
        "plasma that leaves its particles behind, half of the way",
        ORBITS,
        (
            (
                "new = _moved(table, particle, x + u.x * dt, y + u.y * dt, z + u.z * dt, e_x, e_y, e_z)",
                "new = _moved(table, particle, x, y, z + 0.5 * u.z * dt, e_x, e_y, e_z)",
            ),
        ),
        "carried_orbits",
        0.5,
        "orbits in moving plasma",
    ),
    (
        "waves of four times the power for orbits, and not for guiding centres",
        WAVES,
        (("share: FloatArray = np.sqrt(", "share: FloatArray = 2.0 * np.sqrt("),),
        "orbits_in_a_tube",
        0.0625,
        "orbits in a tube: escape time",
    ),
)
