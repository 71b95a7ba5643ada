"""Checks of the tables: generated from the catalogue, written as queries, or known totals."""
