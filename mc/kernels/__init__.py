"""The compiled kernels: how a particle moves, crosses surfaces and is counted (kpc, Myr, GeV, uG)."""
