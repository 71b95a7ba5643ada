"""Time and memory at national size: our run, the floor under it, and a plain alternative."""
