"""Winds that cosmic rays drive: known answers, and what the review says of them."""
