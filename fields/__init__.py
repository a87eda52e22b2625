"""The medium of the particles: magnetic field, waves, Bell instability, gas, turbulence; plain NumPy.

Formulas cite two papers: PRL is Blasi & Amato 2019 (PRL 122, 051101), who argue that escaping cosmic rays
amplify the field around the Galaxy; REV is Blasi 2019, the review of self-controlled propagation of cosmic
rays. "PRL Eq. 8" is an equation of the first.
"""
