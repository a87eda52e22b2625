"""Figures drawn beside what else is done."""
