"""The second stage: facts on the communes of one reference year."""
