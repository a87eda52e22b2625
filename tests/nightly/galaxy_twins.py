"""The broken twins of the Galaxy as it is observed: name, file, changes, check, scale and row of each."""

GALAXY_TWINS = (
    (
        "discs of gas with half of their mass",
        "fields/disc/gas.py",
        (("column / (4.0 * self.z_d_kpc", "column / (8.0 * self.z_d_kpc"),),
        "discs_as_observed",
        0.02,
        "atomic gas at the Sun",
    ),
    (
        "gas that is all hydrogen",
        "fields/disc/gas.py",
        (
            (
                "column = self.column_Msun_pc2(R_kpc) * _CM3_PER_MSUN_PC2_KPC",
                "column = self.column_Msun_pc2(R_kpc) * _CM3_PER_MSUN_PC2_KPC * MASS_PER_HYDROGEN",
            ),
        ),
        "discs_as_observed",
        0.02,
        "hydrogen at the Sun",
    ),
    (
        "time above the plane only",
        "mc/diffusion/solve.py",
        (("time = density * volume", "time = 0.5 * density * volume"),),
        "discs_as_observed",
        0.02,
        "thin disc of 2.3 mg/cm2",
    ),
    (
        "remnants spread evenly over the disc",
        "mc/kernels/inject.py",
        (("return radii[i] + (at - i) * (radii[i + 1] - radii[i])", "return R_d * root"),),
        "discs_as_observed",
        1.0,
        "sources like remnants",
    ),
)
