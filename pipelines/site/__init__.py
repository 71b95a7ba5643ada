"""The pages: a static site made from a release, and part of it."""
