"""What is made of a finished run: numbers, skies, figures; one file for each subject."""
