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


@dataclass(frozen=True)
class Movement:
    """One row of the movement file: an old commune and what it became."""

    mod: str
    date: str
    old_type: str
    old: str
    old_name: Name
    new_type: str
    new: str
    new_name: Name


@dataclass(frozen=True)
class Event:
    """Something that happened to communes on one day (ISO date)."""

    date: str


@dataclass(frozen=True)
class Merge(Event):
    """``members`` become one commune under the code ``into``, which is one of theirs.

    ``mod`` is 31 (plain), 32 (the members stay as delegated communes) or 33 (as associated ones).
    """

    into: str
    members: tuple[str, ...]
    name: Name
    mod: str = "32"


@dataclass(frozen=True)
class Split(Event):
    """A commune falls apart (21): for every successor its name and its parcels."""

    code: str
    successors: Mapping[str, tuple[Name, tuple[str, ...]]]


@dataclass(frozen=True)
class SeatMove(Event):
    """A commune takes another code with the seat of its town hall (50)."""

    old: str
    new: str


@dataclass(frozen=True)
class Rename(Event):
    """A commune changes its name only (10)."""

    code: str
    name: Name


@dataclass(frozen=True)
class Suppress(Event):
    """A commune's delegated (35) or associated (34) communes are no more."""

    code: str


@dataclass(frozen=True)
class Delegate(Event):
    """A commune gets a delegated twin under its own code (72)."""

    code: str
    name: Name


@dataclass(frozen=True)
class Promote(Event):
    """The associated communes of a commune become delegated ones (70)."""

    code: str


@dataclass(frozen=True)
class Carve(Event):
    """A new arrondissement is cut out of another one (20); no commune changes."""

    old: str
    new: str
    old_name: Name
    new_name: Name


class Timeline:
    """The communes of a moment, and the movements that led there."""

    def __init__(self, parcels: Mapping[str, Name]) -> None:
        """Start when every parcel was a commune."""
        self.communes = {code: Commune(name, (code,)) for code, name in parcels.items()}
        self.movements: list[Movement] = []

    def play(self, events: Iterable[Event], years: Iterable[int]) -> dict[int, dict[str, Commune]]:
        """Play all events; the communes on the first day of each of the years."""
        vintages: dict[int, dict[str, Commune]] = {}
        pending = sorted(years)
        for event in sorted(events, key=lambda event: event.date):
            while pending and event.date > f"{pending[0]}-01-01":
                vintages[pending.pop(0)] = dict(self.communes)
            self.movements += list(self._apply(event))
        return vintages | {year: dict(self.communes) for year in pending}

    def _apply(self, event: Event) -> Iterator[Movement]:
        match event:
            case Merge():
                return self._merge(event)
            case Split():
                return self._split(event)
            case SeatMove():
                return self._move_seat(event)
            case Rename():
                return self._rename(event)
            case Suppress():
                return self._suppress(event)
            case Delegate():
                return self._delegate(event)
            case Promote():
                return self._promote(event)
            case Carve():
                return self._carve(event)
        raise TypeError(f"unknown event {event}")

    def _merge(self, event: Merge) -> Iterator[Movement]:
        old = {code: self.communes.pop(code) for code in event.members}
        kept = {
            former: name
            for code, commune in old.items()
            for former, name in (commune.delegated or {code: commune.name}).items()
        }
        self.communes[event.into] = Commune(
            event.name,
            tuple(parcel for commune in old.values() for parcel in commune.parcels),
            delegated=kept if event.mod == "32" else {},
            associated={k: v for k, v in kept.items() if k != event.into and event.mod == "33"},
        )
        twins = {"32": DELEGATED, "33": ASSOCIATED}
        for code, commune in old.items():
            yield self._row(event, event.mod, COMMUNE, code, commune.name, event.into, event.name)
            for former, name in commune.delegated.items():
                yield self._row(event, event.mod, DELEGATED, former, name, event.into, event.name)
            for former, name in (commune.delegated or {code: commune.name}).items():
                twin = twins.get(event.mod)
                if twin and not (twin == ASSOCIATED and code == event.into):
                    kind = DELEGATED if commune.delegated else COMMUNE
                    yield self._row(event, event.mod, kind, former, name, former, name, twin)

    def _split(self, event: Split) -> Iterator[Movement]:
        old = self.communes.pop(event.code)
        for code, (name, parcels) in event.successors.items():
            former = {k: v for k, v in old.delegated.items() if k in parcels}
            self.communes[code] = Commune(name, parcels, former if len(parcels) > 1 else {})
            yield self._row(event, "21", COMMUNE, event.code, old.name, code, name)
            if code in former and len(parcels) == 1:
                yield self._row(event, "21", DELEGATED, code, former[code], code, name)

    def _move_seat(self, event: SeatMove) -> Iterator[Movement]:
        commune = self.communes[event.new] = self.communes.pop(event.old)
        yield self._row(event, "50", COMMUNE, event.old, commune.name, event.new, commune.name)

    def _rename(self, event: Rename) -> Iterator[Movement]:
        old = self.communes[event.code]
        self.communes[event.code] = replace(old, name=event.name)
        yield self._row(event, "10", COMMUNE, event.code, old.name, event.code, event.name)

    def _suppress(self, event: Suppress) -> Iterator[Movement]:
        commune = self.communes[event.code]
        self.communes[event.code] = replace(commune, delegated={}, associated={})
        for former, name in commune.delegated.items():
            yield self._row(event, "35", DELEGATED, former, name, event.code, commune.name)
        for former, name in commune.associated.items():
            yield self._row(event, "34", ASSOCIATED, former, name, event.code, commune.name)

    def _delegate(self, event: Delegate) -> Iterator[Movement]:
        commune = self.communes[event.code]
        delegated = {**commune.delegated, event.code: event.name}
        self.communes[event.code] = replace(commune, delegated=delegated)
        yield self._row(
            event, "72", COMMUNE, event.code, commune.name, event.code, event.name, DELEGATED
        )

    def _promote(self, event: Promote) -> Iterator[Movement]:
        commune = self.communes[event.code]
        self.communes[event.code] = replace(commune, delegated=commune.associated, associated={})
        for former, name in commune.associated.items():
            yield self._row(event, "70", ASSOCIATED, former, name, former, name, DELEGATED)

    def _carve(self, event: Carve) -> Iterator[Movement]:
        for new, name in ((event.old, event.old_name), (event.new, event.new_name)):
            yield self._row(
                event, "20", ARRONDISSEMENT, event.old, event.old_name, new, name, ARRONDISSEMENT
            )

    @staticmethod
    def _row(
        event: Event,
        mod: str,
        old_type: str,
        old: str,
        old_name: Name,
        new: str,
        new_name: Name,
        new_type: str = COMMUNE,
    ) -> Movement:
        return Movement(mod, event.date, old_type, old, old_name, new_type, new, new_name)
