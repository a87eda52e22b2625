"""A fit of free keys of a scenario to measurements at the Sun, by the transport equation."""
