"""The folder of a run: its lock, how it is written, where it comes from, whether it is finished."""
