"""Published measurements: tables with their units and sources, and what reads them."""
