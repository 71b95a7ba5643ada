"""Rows of tiny tables, and reading them by key."""


def communes(known):
    """Rows of `communes`: code to what is said of it."""
    return [
        {"commune_code": code, "name": "c", "departement_code": "01", "region_code": "84",
         "landmass": "mainland", **row}
        for code, row in known.items()
    ]  # fmt: skip


def passage(year, *steps):
    """Rows of `commune_passage`: old code, new code, share."""
    return [
        {"cog_year": year, "source_code": old, "commune_code": new, "weight": weight,
         "weight_basis": "whole", "passage": "mapped", "n_successors": 1}
        for old, new, weight in steps
    ]  # fmt: skip


def extents(codes, *sources):
    """Rows of `source_extents`: sources that are complete for some communes."""
    return [
        {"source_id": source, "commune_code": code, "as_row": True, "as_column": False}
        for source in sources
        for code in codes
    ]


def by(rows, *keys):
    """Rows by their key, which must name each once."""
    found = {tuple(row[key] for key in keys): row for row in rows}
    assert len(found) == len(rows)
    return found


def bounds(row):
    """A value between its bounds."""
    return row["value"], row["low"], row["high"]
