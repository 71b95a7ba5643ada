"""What happened to the communes: events that merge, split, rename and recode them.

Parcels are the oldest communes. Every later commune is a set of parcels, so that any vintage of
the geography is had by playing the events up to its first day, and all vintages agree.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pipelines.sample.names import Name

COMMUNE, DELEGATED, ASSOCIATED, ARRONDISSEMENT = "COM", "COMD", "COMA", "ARM"


@dataclass(frozen=True)
class Commune:
    """A commune at some moment: its name, its parcels (by oldest code), its former communes."""

    name: Name
    parcels: tuple[str, ...]
    delegated: Mapping[str, Name] = field(default_factory=dict)
    associated: Mapping[str, Name] = field(default_factory=dict)


Communes = dict[str, Commune]
"""Communes of a moment by their code."""


@dataclass(frozen=True)
class Side:
    """One side of a movement: kind, code and name of what was, or of what it became."""

    kind: str
    code: str
    name: Name


@dataclass(frozen=True)
class Movement:
    """A row of the movement file."""

    mod: str
    date: str
    old: Side
    new: Side


@dataclass(frozen=True)
class Event:
    """Something that happened on one day (ISO date)."""

    date: str

    def happen(self, communes: Communes) -> Iterator[Movement]:
        """Change the communes, and tell how."""
        raise NotImplementedError

    def _movement(self, mod: str, old: Side, new: Side) -> Movement:
        return Movement(mod, self.date, old, new)


@dataclass(frozen=True)
class Merge(Event):
    """``members`` become one commune under the code ``into``, which is one of theirs.

    ``mod`` is 31 (plain), 32 (the members stay as delegated communes) or 33 (as associated ones).
    """

    into: str
    members: tuple[str, ...]
    name: Name
    mod: str = "32"

    def happen(self, communes: Communes) -> Iterator[Movement]:
        """Every member, its delegated communes and their twins make a row."""
        old = {code: communes.pop(code) for code in self.members}
        new = Side(COMMUNE, self.into, self.name)
        twins: dict[str, Name] = {}
        for code, commune in old.items():
            itself = Side(COMMUNE, code, commune.name)
            formers = [Side(DELEGATED, *former) for former in commune.delegated.items()]
            for side in [itself, *formers]:
                yield self._movement(self.mod, side, new)
            for side in formers or [itself]:
                if self.mod == "32" or (self.mod == "33" and code != self.into):
                    twins[side.code] = side.name
                    kind = DELEGATED if self.mod == "32" else ASSOCIATED
                    yield self._movement(self.mod, side, replace(side, kind=kind))
        communes[self.into] = Commune(
            self.name,
            tuple(parcel for commune in old.values() for parcel in commune.parcels),
            delegated=twins if self.mod == "32" else {},
            associated=twins if self.mod == "33" else {},
        )


@dataclass(frozen=True)
class Split(Event):
    """A commune falls apart (21): for every successor its name and its parcels."""

    code: str
    successors: Mapping[str, tuple[Name, tuple[str, ...]]]

    def happen(self, communes: Communes) -> Iterator[Movement]:
        """Every successor makes a row, and another where it was a delegated commune."""
        old = communes.pop(self.code)
        for code, (name, parcels) in self.successors.items():
            new = Side(COMMUNE, code, name)
            yield self._movement("21", Side(COMMUNE, self.code, old.name), new)
            if len(parcels) == 1:
                communes[code] = Commune(name, parcels)
                yield self._movement("21", Side(DELEGATED, code, old.delegated[code]), new)
            else:
                formers = {code: old.delegated[code] for code in parcels}
                communes[code] = Commune(name, parcels, formers)


@dataclass(frozen=True)
class SeatMove(Event):
    """A commune takes another code with the seat of its town hall (50)."""

    old: str
    new: str

    def happen(self, communes: Communes) -> Iterator[Movement]:
        """One row."""
        commune = communes[self.new] = communes.pop(self.old)
        old = Side(COMMUNE, self.old, commune.name)
        yield self._movement("50", old, replace(old, code=self.new))


@dataclass(frozen=True)
class Rename(Event):
    """A commune changes its name only (10)."""

    code: str
    name: Name

    def happen(self, communes: Communes) -> Iterator[Movement]:
        """One row."""
        old = Side(COMMUNE, self.code, communes[self.code].name)
        communes[self.code] = replace(communes[self.code], name=self.name)
        yield self._movement("10", old, replace(old, name=self.name))


@dataclass(frozen=True)
class Suppress(Event):
    """A commune's delegated (35) and associated (34) communes are no more."""

    code: str

    def happen(self, communes: Communes) -> Iterator[Movement]:
        """Every former commune makes a row."""
        commune = communes[self.code]
        communes[self.code] = replace(commune, delegated={}, associated={})
        new = Side(COMMUNE, self.code, commune.name)
        for former in commune.delegated.items():
            yield self._movement("35", Side(DELEGATED, *former), new)
        for former in commune.associated.items():
            yield self._movement("34", Side(ASSOCIATED, *former), new)


@dataclass(frozen=True)
class Delegate(Event):
    """A commune gets a delegated twin under its own code (72)."""

    code: str
    name: Name

    def happen(self, communes: Communes) -> Iterator[Movement]:
        """One row, from the commune to its twin."""
        commune = communes[self.code]
        delegated = {**commune.delegated, self.code: self.name}
        communes[self.code] = replace(commune, delegated=delegated)
        old = Side(COMMUNE, self.code, commune.name)
        yield self._movement("72", old, Side(DELEGATED, self.code, self.name))


@dataclass(frozen=True)
class Promote(Event):
    """The associated communes of a commune become delegated ones (70)."""

    code: str

    def happen(self, communes: Communes) -> Iterator[Movement]:
        """Every associated commune makes a row."""
        commune = communes[self.code]
        communes[self.code] = replace(commune, delegated=commune.associated, associated={})
        for former in commune.associated.items():
            old = Side(ASSOCIATED, *former)
            yield self._movement("70", old, replace(old, kind=DELEGATED))


@dataclass(frozen=True)
class Carve(Event):
    """A new arrondissement is cut out of another one (20); no commune changes."""

    old: Side
    new: Side

    def happen(self, communes: Communes) -> Iterator[Movement]:
        """What is left and what is new make a row each."""
        for side in (self.old, self.new):
            yield self._movement("20", self.old, side)


def play(
    communes: Communes, events: Iterable[Event], years: Iterable[int]
) -> tuple[dict[int, Communes], list[Movement]]:
    """Let all events happen to the communes.

    Returns the communes on the first day of each of the years, and all movements.
    """
    now = dict(communes)
    vintages: dict[int, Communes] = {}
    movements: list[Movement] = []
    pending = sorted(years)
    for event in sorted(events, key=lambda event: event.date):
        while pending and event.date > f"{pending[0]}-01-01":
            vintages[pending.pop(0)] = dict(now)
        movements.extend(event.happen(now))
    return vintages | {year: dict(now) for year in pending}, movements
