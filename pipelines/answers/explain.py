"""Where a figure comes from: its formula, the sums in it, their sources, down to the files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.answers.sheet import Place, read_release, rows
from pipelines.catalogue.formulas import Formula
from pipelines.catalogue.indicators import Indicator, indicators
from pipelines.catalogue.sources import sources
from pipelines.catalogue.words import measures, needs, parameters
from pipelines.errors import UsageError, first

_READS = (
    "indicators",
    "indicator_inputs",
    "measures",
    "territory_members",
    "not_measured",
    "sources",
)


@dataclass(frozen=True)
class Explanation:
    """The chain from a published value to the files it is made from.

    Attributes:
        sample: the release is of the fictitious country.
        place, indicator, label, description, unit: what is explained.
        formula: over the terms.
        found: the published row.
        terms: the sums in the formula: `term`, `label`, `value`, `low`, `high`, `unit`, `year`,
            `evidence`, `coverage`, `communes` that are summed, `source_ids`.
        parameters: the numbers in the formula that methods choose, with where they come from.
        computed: what the formula gives of these terms.
        sources: the sources of the terms, with vintage, file, checksum and address.
    """

    sample: bool
    place: Place
    indicator: str
    label: str
    description: str
    unit: str
    formula: str
    found: dict[str, Any]
    terms: list[dict[str, Any]]
    parameters: list[dict[str, Any]]
    computed: float
    sources: list[dict[str, Any]]


def explain(folder: Path, place: Place, id_: str) -> Explanation:
    """Explain one value of a release.

    Raises:
        UsageError: there is no such indicator, or the territory has no value of it.
    """
    if id_ not in indicators():
        raise UsageError(
            "there is no such indicator",
            expected=first(sorted(indicators()), 100),
            found=id_,
        )
    indicator = indicators()[id_]
    asked = {"level": place.level, "code": place.code, "indicator": id_}
    with read_release(folder, _READS) as con:
        values = rows(
            con,
            "select * from indicators where level = $level and code = $code"
            " and indicator = $indicator order by year desc limit 1",
            asked,
        )
        if not values:
            reasons = rows(
                con,
                "select distinct reason_en from not_measured where indicator = $indicator"
                " and level = $level and code in ($code, '*')",
                asked,
            )
            raise UsageError(
                f"{place.name} has no value of {id_}",
                where=str(folder),
                found="; ".join(row["reason_en"] for row in reasons) or "no reason is published",
            )
        terms = rows(
            con,
            "select term, value, low, high, term_year as year, evidence, coverage"
            " from indicator_inputs where level = $level and code = $code"
            " and indicator = $indicator and year = $year",
            asked | {"year": values[0]["year"]},
        ) or _of_a_commune(con, place, indicator, values[0])
        terms = [term | _said(con, place, term) for term in terms]
        read = rows(
            con,
            "select source_id, title_fr, publisher, vintage, extent, file, sha256, official_url"
            " from sources where list_contains($ids, source_id) order by source_id",
            {"ids": sorted({id_ for term in terms for id_ in term["source_ids"]})},
        )
        sample = con.sql("select bool_or(layout = 'synthetic') from sources").fetchall()[0][0]
    return Explanation(
        sample=bool(sample),
        place=place,
        indicator=id_,
        label=indicator.fr.label,
        description=indicator.fr.description,
        unit=indicator.unit,
        formula=indicator.formula,
        found=values[0],
        terms=terms,
        parameters=_parameters(indicator),
        computed=_computed(indicator, terms),
        sources=read,
    )


# The terms of a need that are in its unit.
_QUANTITIES = {"demand", "internal", "external", "foreign", "located", "daily"}


def _of_a_commune(
    con: Any, place: Place, indicator: Indicator, value: dict[str, Any]
) -> list[dict[str, Any]]:
    """The terms of a commune's indicator: its own measures, of the years that the value names."""
    years = [int(year) for year in value["years"].split("+")]
    found = rows(
        con,
        "select 'measure.' || measure as term, value, coalesce(low, value) as low,"
        " case when low is null and high is null then value else high end as high, year,"
        " evidence, 1.0 as coverage from measures"
        " where commune_code = $code and list_contains($measures, measure)"
        " and list_contains($years, year)"
        " qualify row_number() over (partition by measure order by year desc) = 1 order by term",
        {"code": place.code, "measures": indicator.measures, "years": years},
    )
    facts = [term for term in Formula(indicator.formula).terms if term.startswith("fact.")]
    own = {"low": None, "high": None, "coverage": 1.0, "evidence": value["evidence"]}
    return found + [
        own | {"term": fact, "value": value["value"], "year": value["year"]} for fact in facts
    ]


def _said(con: Any, place: Place, term: dict[str, Any]) -> dict[str, Any]:
    """How a term is called, and which sources bring it."""
    table, _, name = term["term"].partition(".")
    if table in needs():
        need = needs()[table]
        return {
            "label": f"{need.fr} : {name}",
            "unit": need.unit if name in _QUANTITIES else None,
            "communes": None,
            "source_ids": [need.source],
        }
    if table == "fact":
        bring = [id_ for id_, source in sources().items() if name in source.facts]
        return {"label": name, "unit": None, "communes": None, "source_ids": bring}
    (counted,) = rows(
        con,
        "select count(*) as communes, list(distinct source_id order by source_id) as source_ids"
        " from measures inner join (select commune_code from territory_members"
        " where level = $level and code = $code) using (commune_code)"
        " where measure = $measure and year = $year and value is not null",
        {"level": place.level, "code": place.code, "measure": name, "year": term["year"]},
    )
    return {"label": measures()[name].fr, "unit": measures()[name].unit} | counted


def _parameters(indicator: Indicator) -> list[dict[str, Any]]:
    named = Formula(indicator.formula).parameters
    return [{"parameter": name} | parameters()[name].model_dump() for name in named]


def _computed(indicator: Indicator, terms: list[dict[str, Any]]) -> float:
    """What the formula gives, of one row of terms."""
    row = {
        f"{kind}|{term['term']}": term[kind] for term in terms for kind in ("value", "low", "high")
    }
    frame = pl.DataFrame([row], schema=dict.fromkeys(row, pl.Float64))
    return float(frame.select(Formula(indicator.formula).interval().value).item())
