"""Monte Carlo: particles followed through a medium, what is counted of them, and the transport equation."""
