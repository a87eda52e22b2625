"""Known answers of cosmic rays near their sources, and what the review says of them."""
