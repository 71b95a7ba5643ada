"""The first stage: files as their publishers made them, fetched, verified, read as tables."""
