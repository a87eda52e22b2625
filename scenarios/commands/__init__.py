"""The `crhalo` command."""
