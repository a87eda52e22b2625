"""The study of winds that cosmic rays drive."""
