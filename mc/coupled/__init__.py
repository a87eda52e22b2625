"""What the particles themselves determine: the waves they scatter on, and the current of the instability."""
