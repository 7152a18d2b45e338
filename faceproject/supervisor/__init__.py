"""What `make run` runs: everything one machine needs, started, watched and stopped together."""
