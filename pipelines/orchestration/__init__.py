"""The only room that knows Dagster: thin objects over plain functions and SQL files."""
