"""From the commune codes of one year to those of another, by INSEE's log of events.

The log is replayed date by date: a one-pass dictionary breaks on codes that leave and come back
(27676 → 27058 → 27676). Only events from commune to commune count; those on delegated communes
change nothing here. COG year Y holds the events dated up to 1 January Y.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Passage = Literal["same", "mapped", "split", "folded", "other_year", "unmapped"]
RENAMED = "10"


@dataclass(frozen=True)
class Movement:
    """One event from commune to commune: its date, and the codes before and after."""

    on: date
    before: str
    after: str


@dataclass(frozen=True)
class Successor:
    """Where (a part of) an old code goes.

    Attributes:
        code: the commune of the reference year; None if the code leads nowhere.
        weight: the part that goes there; parts of one code sum to 1.
        basis: what shares out a split commune.
        passage: how the code got there.
        count: how many communes succeed the code.
    """

    code: str | None
    weight: float
    basis: Literal["whole", "population", "equal"]
    passage: Passage
    count: int


class History:
    """The events between communes, by date."""

    def __init__(self, movements: Iterable[Movement]) -> None:
        self._dates: dict[date, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for movement in movements:
            self._dates[movement.on][movement.before].add(movement.after)
        self._of_code: dict[str, list[date]] = defaultdict(list)
        for day in sorted(self._dates):
            for code in self._dates[day]:
                self._of_code[code].append(day)

    def successors(self, code: str, after: date, until: date) -> frozenset[str]:
        """What a code alive on `after` has become on `until`.

        Events dated `after` are already in the code; those of one date are simultaneous.
        """
        days = self._of_code.get(code, [])
        place = bisect_right(days, after)
        if place == len(days) or days[place] > until:
            return frozenset({code})
        day = days[place]
        return frozenset().union(
            *(self.successors(new, day, until) for new in self._dates[day][code])
        )

    def alive(self, codes: Iterable[str], at: date, on: date) -> set[str]:
        """The codes alive on `on`, an earlier date than `at`, when `codes` were."""
        current = set(codes)
        for day in sorted((d for d in self._dates if on < d <= at), reverse=True):
            events = self._dates[day]
            current -= set().union(*events.values())
            current |= set(events)
        return current

    def changes(self) -> Mapping[str, list[date]]:
        """Every code that an event ended or changed → the dates of these events."""
        return self._of_code


def first_january(year: int) -> date:
    """The day whose state the COG of a year describes."""
    return date(year, 1, 1)


def passage(
    history: History,
    reference: Iterable[str],
    reference_year: int,
    source_year: int,
    districts: Mapping[str, str],
    populations: Mapping[str, float],
) -> dict[str, list[Successor]]:
    """Codes a source of `source_year` may bear → the reference communes they become.

    Args:
        history: the newest log of events: it serves for all years.
        reference: communes of the reference year.
        reference_year, source_year: COG years.
        districts: municipal arrondissement → its commune (Paris, Lyon, Marseille).
        populations: inhabitants of the reference communes; they share out a split one.
    """
    communes = set(reference)
    now, then = first_january(reference_year), first_january(source_year)
    if source_year <= reference_year:
        alive = history.alive(communes, now, then)
        current = {code: history.successors(code, then, now) for code in alive}
    else:
        current = _backward(history, communes, now, then)
    found = {
        code: _placed(code, successors & communes, populations, "mapped")
        for code, successors in current.items()
    }
    for code, commune in districts.items():
        found[code] = [Successor(commune, 1.0, "whole", "folded", 1)]
    # A file can hold a code that was not alive on its 1 January: the chef-lieu moved in mid-year,
    # some rows are older. Such a code starts from the event, nearest to that day, that ended it.
    for code in communes - found.keys():
        found[code] = [Successor(code, 1.0, "whole", "other_year", 1)]
    for code, days in history.changes().items():
        if code not in found:
            nearest = min(days, key=lambda day: abs(day - then))
            successors = history.successors(code, nearest - timedelta(days=1), now)
            found[code] = _placed(code, successors & communes, populations, "other_year")
    return found


def _placed(
    code: str, successors: frozenset[str], populations: Mapping[str, float], otherwise: Passage
) -> list[Successor]:
    if not successors:
        return [Successor(None, 1.0, "whole", "unmapped", 0)]
    if len(successors) == 1:
        (only,) = successors
        how: Passage = "same" if only == code and otherwise == "mapped" else otherwise
        return [Successor(only, 1.0, "whole", how, 1)]
    people = {new: populations.get(new, 0.0) for new in sorted(successors)}
    total = sum(people.values())
    how = "split" if otherwise == "mapped" else otherwise
    if total == 0:
        return [Successor(n, 1 / len(people), "equal", how, len(people)) for n in people]
    return [Successor(n, p / total, "population", how, len(people)) for n, p in people.items()]


def _backward(
    history: History, communes: set[str], now: date, then: date
) -> dict[str, frozenset[str]]:
    """A source newer than the reference year: only codes with one ancestor can be placed."""
    ancestors: dict[str, set[str]] = defaultdict(set)
    for old in communes:
        for new in history.successors(old, now, then):
            ancestors[new].add(old)
    # Two ancestors: nothing says how a merged commune divides between them.
    return {new: frozenset(olds if len(olds) == 1 else ()) for new, olds in ancestors.items()}
