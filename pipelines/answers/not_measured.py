"""Say what is not measured, for whom, and why: missing is never zero."""

from typing import Any

import polars as pl

from pipelines import engine, paths
from pipelines.catalogue.indicators import Indicator, indicators
from pipelines.catalogue.loading import Entry, Text, read_yaml, validate
from pipelines.catalogue.sources import Function
from pipelines.catalogue.sources import sources as catalogue
from pipelines.catalogue.tables import tables
from pipelines.catalogue.words import flow_needs, needs, parameter_values
from pipelines.store import Store

EVERYONE = "*"
READS = frozenset(
    {"indicators", "need_coverage", "sources", "territories", "attribution_models", "dependencies"}
)


class NeverMeasured(Entry):
    """A link that no source of ours can measure."""

    function: Function
    need: str
    fr: str
    en: str


class _NeverMeasured(Entry):
    entries: list[NeverMeasured]


def never_measured() -> list[NeverMeasured]:
    """The links of `not_measured.yml`."""
    path = paths.CATALOGUE / "not_measured.yml"
    return validate(_NeverMeasured, {"entries": read_yaml(path)}, path).entries


def write_not_measured(store: Store) -> int:
    """Make `not_measured`.

    First what no source measures, and the sources that were missing; then each need of flows, for
    the territories outside its source's extent; each need whose partners could not be attributed,
    and for whom; then the indicators that have no value although
    their needs are known. The code `*` stands for most of a level, or all: those of its
    territories that have a value are left aside.
    """
    territories = pl.read_parquet(store.path("territories"), columns=["level", "code"]).filter(
        ~pl.col("level").is_in(["foreign", "elsewhere", "unknown"])
    )
    known = pl.read_parquet(store.path("indicators"), columns=["indicator", "level", "code"])
    coverage = pl.read_parquet(store.path("need_coverage")).filter(direction="depends_on")
    sources = {row["source_id"]: row for row in pl.read_parquet(store.path("sources")).to_dicts()}
    is_outside = pl.col("coverage") < parameter_values()["minimum_coverage"]
    whole = coverage.filter("is_whole", ~is_outside)
    outside = coverage.filter(pl.col("is_whole") | is_outside)

    records: list[dict[str, Any]] = [
        _record(n.function, n.need, None, Text(fr=n.fr, en=n.en), EVERYONE, EVERYONE)
        for n in never_measured()
    ]
    of_needs = {need.source for need in flow_needs().values()}
    records += [
        _record(function, None, None, _lost(row), EVERYONE, EVERYONE) | {"source_id": id_}
        for id_, row in sources.items()
        if row["status"] in ("unavailable", "rejected") and id_ not in of_needs
        for function in catalogue()[id_].functions
    ]
    for id_, need in flow_needs().items():
        assert need.source
        inside = whole.filter(need=id_).select("level", "code")
        missing = outside.filter(need=id_).select("level", "code")
        missing = missing.join(inside, on=["level", "code"], how="anti")
        if sources[need.source]["extent_kind"] == "closed":
            reason = _closed(sources[need.source])
            records += [
                _record(need.function, id_, None, reason, level, code) | {"source_id": need.source}
                for level, code in [(EVERYONE, EVERYONE), *inside.sort("level", "code").iter_rows()]
            ]
        reason = _outside(sources[need.source], comes_in=need.row_side == "provider")
        records += [
            _record(need.function, id_, None, reason, level, code) | {"source_id": need.source}
            for level, code in _summed_up(missing, territories)
        ]
    records += _not_attributed(store, territories)
    for id_, indicator in indicators().items():
        said = (
            outside.filter(pl.col("need").is_in(indicator.needs)).select("level", "code").unique()
        )
        missing = territories.join(known.filter(indicator=id_), on=["level", "code"], how="anti")
        unsaid = missing.join(said, on=["level", "code"], how="anti")
        need_id = indicator.needs[0] if indicator.needs else None
        reason = _no_value(indicator, sources)
        records += [
            _record(indicator.function, need_id, id_, reason, level, code)
            for level, code in _summed_up(unsaid, territories)
        ]
    return engine.write_records(tables()["not_measured"], store, records)


def _not_attributed(store: Store, territories: pl.DataFrame) -> list[dict[str, Any]]:
    """The needs whose partners could not be attributed, for all or for some territories."""
    models = pl.read_parquet(store.path("attribution_models"))
    records = [
        _record(
            needs()[row["need"]].function,
            row["need"],
            None,
            Text(fr=row["why_fr"], en=row["why_en"]),
            EVERYONE,
            EVERYONE,
        )
        for row in models.filter(status="not_attributed").to_dicts()
    ]
    answered = (
        pl.scan_parquet(store.path("dependencies"))
        .filter(pl.col("evidence") == "modelled")
        .select("need", "level", "code")
        .unique()
        .collect()
    )
    for need in models.filter(status="used")["need"].unique().sort():
        ours = answered.filter(need=need)
        missing = territories.join(ours, on=["level", "code"], how="anti")
        below = missing.filter(level="commune")
        records += [
            _record(needs()[need].function, need, None, reason, level, code)
            for rows, reason in (
                (below, _BELOW),
                (missing.filter(pl.col("level") != "commune"), _UNKNOWN),
            )
            for level, code in _summed_up(rows, territories)
        ]
    return records


_BELOW = Text(
    fr="Les partenaires sont attribués entre EPCI : rien n'est connu en dessous. Voir l'EPCI de la "
    "commune.",
    en="Partners are attributed between EPCI: nothing is known below. See the commune's EPCI.",
)
_UNKNOWN = Text(
    fr="Le besoin, l'offre ou la position de ce territoire n'est pas connu : ses partenaires ne "
    "sont pas attribués.",
    en="The need, the supply or the position of this territory is not known: its partners are "
    "not attributed.",
)


def _summed_up(missing: pl.DataFrame, territories: pl.DataFrame) -> list[tuple[str, str]]:
    """One row for a level that is missing whole, or for the most part; else one per territory."""
    of_level = dict(territories.group_by("level").len().iter_rows())
    rows: list[tuple[str, str]] = []
    for (level,), group in missing.sort("level", "code").group_by("level", maintain_order=True):
        codes = group["code"].to_list()
        whole = 2 * len(codes) > of_level[str(level)]
        rows += [(str(level), code) for code in ([EVERYONE] if whole else codes)]
    return rows


def _record(
    function: str, need: str | None, indicator: str | None, reason: Text, level: str, code: str
) -> dict[str, Any]:
    return {
        "function": function,
        "need": need,
        "indicator": indicator,
        "level": level,
        "code": code,
        "reason_fr": reason.fr,
        "reason_en": reason.en,
    }


def _outside(source: dict[str, Any], *, comes_in: bool) -> Text:
    id_, vintage, extent = source["source_id"], source["vintage"], source["extent"]
    if source["status"] != "ok":
        return Text(
            fr=f"{id_} n'a pas servi ({source['status']}) : voir la table sources.",
            en=f"{id_} was not used ({source['status']}): see the table sources.",
        )
    if comes_in and source["extent_kind"] == "by_row":
        return Text(
            fr=f"{id_} {vintage} ne compte que les résidents de {extent} : qui vient d'ailleurs "
            "n'est pas connu.",
            en=f"{id_} {vintage} counts the residents of {extent} only: who comes from elsewhere "
            "is not known.",
        )
    if extent in ("sample", "partial"):
        return Text(
            fr=f"{id_} {vintage} n'est complète pour aucun territoire ({extent}).",
            en=f"{id_} {vintage} is complete for no territory ({extent}).",
        )
    return Text(
        fr=f"{id_} {vintage} n'est complète que pour {extent}.",
        en=f"{id_} {vintage} is complete for {extent} only.",
    )


def _lost(source: dict[str, Any]) -> Text:
    id_, status = source["source_id"], source["status"]
    return Text(
        fr=f"« {source['title_fr']} » ({id_}) n'a pas servi ({status}) : ce que cette source "
        "apporte manque ; voir la table sources.",
        en=f"“{source['title_en']}” ({id_}) was not used ({status}): what it brings is missing; "
        "see the table sources.",
    )


def _closed(source: dict[str, Any]) -> Text:
    id_, vintage, extent = source["source_id"], source["vintage"], source["extent"]
    return Text(
        fr=f"{id_} {vintage} ne porte que les flux dont les deux bouts sont dans {extent} : les "
        "totaux valent au sein de cette étendue, ce qui en sort ou y entre n'est pas compté.",
        en=f"{id_} {vintage} holds only the flows with both ends in {extent}: totals hold within "
        "it, what leaves or enters it is not counted.",
    )


def _no_value(indicator: Indicator, sources: dict[str, dict[str, Any]]) -> Text:
    """Why an indicator has no value somewhere: a source that was missing, or that covers a part."""
    leant_on = [
        one
        for id_ in indicator.leans_on
        for one in (id_, *catalogue()[id_].leans_on)
        if sources[one]["status"] != "ok"
    ]
    reasons = [_outside(sources[one], comes_in=False) for one in leant_on]
    for name in indicator.measures:
        bring = {i: s for i, s in catalogue().items() if name in s.measures + s.facts}
        lost = {
            id_: [one for one in (id_, *source.leans_on) if sources[one]["status"] != "ok"]
            for id_, source in bring.items()
        }
        used = [sources[id_] for id_ in bring if not lost[id_]]
        if not used:
            reasons += [
                _outside(sources[one], comes_in=False) for id_ in bring for one in lost[id_]
            ]
        elif all(source["extent"] != "france" for source in used):
            reasons += [_outside(source, comes_in=False) for source in used]
    if not reasons:
        reasons = [
            Text(
                fr="La source n'a pas de valeur ici (secret, ou non renseignée), ou le "
                "dénominateur est nul.",
                en="The source has no value here (secret, or not given), or the denominator is "
                "zero.",
            )
        ]
    return Text(
        fr=" ".join(dict.fromkeys(reason.fr for reason in reasons)),
        en=" ".join(dict.fromkeys(reason.en for reason in reasons)),
    )
