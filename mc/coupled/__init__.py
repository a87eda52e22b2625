"""What particles change themselves: the waves they scatter on, the current that drives the instability."""
