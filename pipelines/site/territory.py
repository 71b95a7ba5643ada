"""The pages of territories: the three questions of the workshop, and the figures that answer."""

from collections import defaultdict
from typing import Any

from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.levers import levers
from pipelines.catalogue.words import functions, needs
from pipelines.site.content import PARTS, Row
from pipelines.site.naming import address, file_name
from pipelines.site.pages import Pages


def write_territories(pages: Pages, level: str) -> None:
    """Write the page of each territory of a level."""
    content = pages.content
    parts = {part: content.of(level, part) for part in PARTS if part != "pairs"}
    members = _members(pages, level)
    for (of, code), place in content.territories.items():
        if of == level:
            own = {part: rows.get(code, []) for part, rows in parts.items()}
            pages.write(
                "territory",
                f"{level}/{file_name(code)}",
                title=place["name"],
                elsewhere=address(level, code, []),
                scripts=["maps"],
                place=place,
                parents=content.parents(place),
                members=members.get(code, []),
                **_figures(pages, own["figures"]),
                **_flows(own["relations"], own["partners"]),
                baskets=own["baskets"],
                cooperation=own["cooperation"],
                levers=_levers(own["calls"]),
                lever_texts={id_: getattr(one, pages.lang.code) for id_, one in levers().items()},
                missing=_missing(pages, level, own),
            )


def _members(pages: Pages, level: str) -> dict[str, list[Row]]:
    """The communes of an EPCI, the EPCI of a département or région."""
    inside = "commune" if level == "epci" else "epci"
    members: dict[str, list[Row]] = defaultdict(list)
    for (of, _), place in pages.content.territories.items():
        whole = place.get(f"{level}_code")
        if of == inside and whole is not None:
            members[whole].append(place)
    return members


def _figures(pages: Pages, rows: list[Row]) -> dict[str, Any]:
    """The figures of each function, those that are `main` apart, and their sources."""
    figures = {row["indicator"]: row for row in rows}
    known = [one for one in pages.catalogue if one["indicator"] in figures]
    boxes: dict[str, Any] = {id_: {"main": [], "others": []} for id_ in functions()}
    for one in known:
        kind = "main" if indicators()[one["indicator"]].main else "others"
        boxes[one["function"]][kind].append(figures[one["indicator"]] | {"unit": one["unit"]})
    return {"figures": boxes, "used": pages.used(one["source_ids"] for one in known)}


def _flows(relations: list[Row], partners: list[Row]) -> dict[str, Any]:
    """How each need is spread, by direction, and its first partners."""
    order = list(needs())
    by_need = sorted(relations, key=lambda row: order.index(row["need"]))
    listed: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in partners:
        listed[row["need"], row["direction"]].append(row)
    return {
        "relations": {
            direction: [row for row in by_need if row["direction"] == direction]
            for direction in ("depends_on", "depended_on_by")
        },
        "partners": listed,
    }


def _levers(calls: list[Row]) -> dict[str, list[Row]]:
    """The levers called for, in the order of levers.yml, with the figures that call for them."""
    called: dict[str, list[Row]] = defaultdict(list)
    for row in calls:
        called[row["lever"]].append(row | {"indicator": row["called_by"]})
    return {id_: called[id_] for id_ in levers() if id_ in called}


def _missing(pages: Pages, level: str, own: dict[str, list[Row]]) -> list[tuple[str, list[str]]]:
    """What cannot be said, by reason: of it alone, or of its whole level."""
    known = {row["indicator"] for row in own["figures"]} | {row["need"] for row in own["partners"]}
    general = [
        row
        for row in pages.content.missing_of_levels
        if row["level"] in ("*", level) and (row["indicator"] or row["need"]) not in known
    ]
    named: dict[str, list[str]] = defaultdict(list)
    for row in own["missing"] + general:
        reason = pages.content.reasons[row["reason"]][f"reason_{pages.lang.code}"]
        label = _label(pages, row)
        if label not in named[reason]:
            named[reason] += [label] if label else []
    return list(named.items())


def _label(pages: Pages, row: Row) -> str | None:
    if row["indicator"]:
        return pages.labels.get(row["indicator"])
    return pages.lang.need(row["need"]) if row["need"] in needs() else None
