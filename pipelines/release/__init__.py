"""The last stage: a whole release, or none."""
