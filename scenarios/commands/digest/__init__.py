"""What a finished run or fit found, on a page of the terminal."""
