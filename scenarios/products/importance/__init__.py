"""Which sources, and which places on the way, an observable of a run depends on."""
