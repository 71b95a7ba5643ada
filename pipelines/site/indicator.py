"""The page of an indicator: what it is, how it is spread, whom it speaks of."""

from collections import defaultdict

from pipelines.catalogue.words import levels
from pipelines.site.content import Row
from pipelines.site.pages import Pages
from pipelines.site.settings import site_settings

# Territories listed at each end.
EXTREMES = 5


def write_indicator(pages: Pages, one: Row) -> None:
    """Write the page of an indicator, from its row of the catalogue."""
    asked = {"indicator": one["indicator"]}
    spread = pages.content.rows(_SPREAD, asked)
    order = list(levels())
    ends = defaultdict(list)
    for row in pages.content.rows(_EXTREMES, asked | {"most": EXTREMES}):
        ends[row.pop("what")].append(row)
    pages.write(
        "indicator",
        f"indicator/{one['indicator']}",
        title=one["label"],
        scripts=["maps"],
        one=one,
        used=pages.used([one["source_ids"]]),
        spread=sorted(spread, key=lambda row: order.index(row["level"])),
        mapped=site_settings().mapped,
        extremes=[
            (pages.texts[what], ends[what])
            for what in ("highest", "lowest", "best_covered", "worst_covered")
        ],
    )


_SPREAD = """
    select
        level, count(*) as n, any_value(size) as of,
        median(value) as median, quantile_cont(value, 0.25) as q1, quantile_cont(value, 0.75) as q3,
        avg(coverage) as coverage
    from page_figures
    inner join (select level, count(*) as size from territories group by all) using (level)
    where indicator = $indicator
    group by level
"""
# Of EPCI, where nearly everyone lives, and whose figures compare.
_EXTREMES = """
    with
    known as (
        select level, code, name, value, coverage
        from page_figures inner join territories using (level, code)
        where level = 'epci' and indicator = $indicator
    ),
    partly as (select * from known where coverage < 1)
    (select 'highest' as what, * from known order by value desc, code limit $most)
    union all
    (select 'lowest' as what, * from known order by value, code limit $most)
    union all
    (select 'best_covered' as what, * from partly order by coverage desc, code limit $most)
    union all
    (select 'worst_covered' as what, * from partly order by coverage, code limit $most)
"""
