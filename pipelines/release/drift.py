"""Judge how far a release is from the one before: the limits it passes, and how to say so."""

from dataclasses import dataclass, field
from pathlib import Path

from pipelines.catalogue.drift import Limit, drift
from pipelines.catalogue.sources import sources
from pipelines.errors import MetabolismeError
from pipelines.release.changes import Changes, IndicatorChange

_HAD = {"ok", "cached"}


@dataclass(frozen=True)
class Passed:
    """A limit that is passed.

    Attributes:
        limit: its name in `drift.yml`; `most` is what it lets through, `found` what was found.
        what: the level, the measure or the indicator concerned.
        where: the source of the measure, or the level of the indicator.
    """

    limit: str
    what: str
    where: str | None
    most: float
    found: float


@dataclass(frozen=True)
class Verdict:
    """Whether two releases answer the same request, and if so the limits that are passed."""

    compared: bool
    passed: list[Passed] = field(default_factory=list)


def judge(changes: Changes) -> Verdict:
    """Judge a release by what has changed since the one before."""
    if changes.before is None or not changes.same_request:
        return Verdict(compared=False)
    unsteady = _unsteady(changes)
    lost = _territories(changes, unsteady)
    if unsteady & {*drift().placed_by}:
        return Verdict(compared=True, passed=lost)
    # Where the territories themselves are gone, that each indicator lacks them is no news.
    gone = {one.what for one in lost}
    lost += _measures(changes, unsteady)
    lost += _values_lost(changes, unsteady, gone)
    return Verdict(compared=True, passed=lost + _values_moved(changes, unsteady))


def together(verdict: Verdict) -> dict[str, dict[str, list[Passed]]]:
    """What is passed, by limit and by the thing concerned, wherever it is."""
    found: dict[str, dict[str, list[Passed]]] = {}
    for one in verdict.passed:
        found.setdefault(one.limit, {}).setdefault(one.what, []).append(one)
    return found


def held_error(folder: Path, changes: Changes, verdict: Verdict) -> MetabolismeError:
    """The message about a release that is held in `folder`: every limit that it passes."""
    limits = {name: _limit(name) for name in together(verdict)}
    return MetabolismeError(
        "the release differs too much from the one before: it is held, and not published",
        where=f"{folder}; the one before is {changes.before}",
        expected="".join(
            f"\n    {name}: at most {limit.most:.0%}. {limit.en}" for name, limit in limits.items()
        ),
        found="".join(f"\n    {line}" for line in _lines(verdict)),
        todo="".join(f"\n    {name}: {limit.look.en}" for name, limit in limits.items())
        + f"\n    read {folder / 'changes.md'}; if the change is true, run again with"
        " --accept-drift",
    )


def _lines(verdict: Verdict) -> list[str]:
    return [
        f"{limit}: {what}: "
        + ", ".join(f"{one.where or ''} {100 * one.found:.3g} %".strip() for one in all_)
        for limit, things in together(verdict).items()
        for what, all_ in things.items()
    ]


def _limit(name: str) -> Limit:
    limit: Limit = getattr(drift(), name)
    return limit


def _passed(name: str, what: str, where: str | None, found: float, among: int) -> list[Passed]:
    limit = _limit(name)
    is_passed = among >= limit.among and found > limit.most
    return [Passed(name, what, where, limit.most, found)] if is_passed else []


def _unsteady(changes: Changes) -> set[str]:
    """The sources that are not in both releases with one extent, and those that lean on them."""
    unsteady = {
        one.source_id
        for one in changes.sources
        if one.what == "extent" or (one.what == "status" and not {one.before, one.after} <= _HAD)
    }
    return unsteady | {id_ for id_, one in sources().items() if unsteady & {*one.leans_on}}


def _is_drawn(level: str, unsteady: set[str]) -> bool:
    drawing = drift().drawn_by.get(level)
    return drawing is not None and not unsteady & {*drawing}


def _territories(changes: Changes, unsteady: set[str]) -> list[Passed]:
    return [
        passed
        for one in changes.territories
        if one.before and _is_drawn(one.level, unsteady)
        for passed in _passed(
            "territories_lost", one.level, None, one.lost / one.before, one.before
        )
    ]


def _measures(changes: Changes, unsteady: set[str]) -> list[Passed]:
    return [
        passed
        for one in changes.measures
        # What is derived with a missing source is gone with it, whoever it is said to be of.
        if one.before and one.source_id not in unsteady and (one.after or not unsteady)
        for passed in _passed(
            "measures_lost",
            one.measure,
            one.source_id,
            1 - one.after / one.before,
            one.before,
        )
    ]


def _judged(changes: Changes, unsteady: set[str]) -> list[IndicatorChange]:
    return [
        one
        for one in changes.indicators
        if _is_drawn(one.level, unsteady) and not unsteady & {*one.source_ids}
    ]


def _values_lost(changes: Changes, unsteady: set[str], gone: set[str]) -> list[Passed]:
    return [
        passed
        for one in _judged(changes, unsteady)
        if one.before and one.level not in gone and (one.lost < one.before or not unsteady)
        for passed in _passed(
            "values_lost", one.indicator, one.level, one.lost / one.before, one.before
        )
    ]


def _values_moved(changes: Changes, unsteady: set[str]) -> list[Passed]:
    return [
        passed
        for one in _judged(changes, unsteady)
        if one.median_share is not None
        for passed in _passed(
            "values_moved", one.indicator, one.level, one.median_share, one.compared
        )
    ]
