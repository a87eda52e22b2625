"""Skies and cosmic rays in the forms that other codes read."""
