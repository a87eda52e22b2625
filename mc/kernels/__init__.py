"""What is compiled: how a particle moves, meets surfaces and is counted (kpc, Myr, GeV, uG)."""
