"""Optional sources that are not there, or refused: the rest is published, and the loss is named."""

import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import polars as pl
import pytest

from pipelines import summaries
from pipelines.catalogue.indicators import indicators
from pipelines.catalogue.sources import sources
from pipelines.catalogue.tables import tables
from pipelines.release.publishing import latest

from .damage import WEB_PAGE, damage_whole, forget
from .ground import OPTIONAL, REQUIRED, Ground, photograph


@dataclass(frozen=True)
class Case:
    """Sources taken from the mirror, and sources whose file is a web page."""

    lost: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def statuses(self) -> dict[str, str]:
        return dict.fromkeys(self.lost, "unavailable") | dict.fromkeys(self.refused, "rejected")


def by_turns(source_ids: list[str], size: int) -> dict[str, Case]:
    """Each source is lost in one of the cases, with a few others of other letters."""
    groups = -(-len(source_ids) // size)
    return {f"group {i + 1}": Case(lost=tuple(source_ids[i::groups])) for i in range(groups)}


# The flows, and all at once, tell most. The others go by turns: a run for each would take long.
SHORT = {"all": Case(lost=tuple(OPTIONAL))}
CASES = {
    **SHORT,
    "insee_commuting": Case(lost=("insee_commuting",)),
    **by_turns([id_ for id_ in OPTIONAL if id_ != "insee_commuting"], 4),
    "refused": Case(refused=("insee_commuting", "etalab_commune_contours")),
}


def test_each_optional_source_is_lost_apart_from_all_the_others() -> None:
    apart = [case.lost for name, case in CASES.items() if name not in SHORT]
    assert sorted(id_ for lost in apart for id_ in lost) == OPTIONAL


def brought(source_id: str) -> set[str]:
    """The measures and facts that a source brings."""
    return {*sources()[source_id].measures, *sources()[source_id].facts}


def leaning_on(case: Case) -> set[str]:
    """The sources that have no value for lack of those of the case."""
    return {id_ for id_, source in sources().items() if {*source.leans_on} & set(case.statuses)}


@dataclass(frozen=True)
class After:
    """What a run left: its release, and the folder of the releases before it."""

    folder: Path
    before: dict[str, str]
    after: dict[str, str]

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / f"{name}.parquet")


def run(good: Path, folder: Path, case: Case) -> After:
    """Publish again, without some sources, beside the good release (in its own process)."""
    os.environ["METABOLISME_HOME"] = str(folder / "home")
    for name in ("mirror", "home", "outputs"):
        shutil.copytree(good / name, folder / name, symlinks=True)
    ground = Ground(folder / "mirror", folder / "outputs")
    before = photograph(ground.outputs)
    forget(ground.mirror, *case.lost)
    for source_id in case.refused:
        damage_whole(ground.mirror, source_id, lambda content: WEB_PAGE)
    release = ground.run()
    for name in ("mirror", "home"):
        shutil.rmtree(folder / name)
    return After(release.folder, before, photograph(ground.outputs))


@pytest.fixture(scope="module")
def runs(
    good: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[str, "Future[After]"]]:
    """The runs of the cases that are asked for, two at a time."""
    asked = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    names = sorted({params["case_name"] for params in asked if "case_name" in params})
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        yield {
            name: pool.submit(run, good, tmp_path_factory.mktemp("missing"), CASES[name])
            for name in names
        }


@pytest.fixture(
    params=[pytest.param(name, marks=[] if name in SHORT else [pytest.mark.slow]) for name in CASES]
)
def case_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def case(case_name: str) -> Case:
    return CASES[case_name]


@pytest.fixture
def after(case_name: str, runs: dict[str, "Future[After]"]) -> After:
    # It waits for those before it: two run at a time.
    return runs[case_name].result(timeout=3600)


def test_a_whole_release_is_published(after: After) -> None:
    published = [table.name for table in tables().values() if table.published]
    assert published
    for table in published:
        assert (after.folder / f"{table}.parquet").is_file()
        assert list(after.folder.glob(f"{table}.csv*"))
    package = json.loads((after.folder / "datapackage.json").read_text(encoding="utf-8"))
    describing = {"datapackage.json", "catalog.jsonld", "site"}
    assert {r["path"] for r in package["resources"]} | describing == {
        path.name for path in after.folder.iterdir()
    }


def test_latest_is_the_new_release_and_the_old_one_is_untouched(after: After) -> None:
    outputs = after.folder.parent
    assert (outputs / "latest").resolve() == after.folder
    assert latest(outputs).folder == after.folder
    pointers = {"latest", "latest.json"}
    old = {path: content for path, content in after.before.items() if path not in pointers}
    assert old == {path: after.after[path] for path in old}
    assert not [path for path in after.after if path.startswith(".")]


def test_sources_say_which_and_why(after: After, case: Case) -> None:
    rows = {row["source_id"]: row for row in after.table("sources").to_dicts()}
    lost = {id_: row["status"] for id_, row in rows.items()}
    assert {i: status for i, status in lost.items() if status not in ("ok", "planned")} == (
        case.statuses
    )
    for source_id in case.statuses:
        assert source_id in rows[source_id]["why"]
    assert all(rows[source_id]["rows"] for source_id in REQUIRED)


def test_not_measured_names_the_loss(after: After, case: Case) -> None:
    reasons = after.table("not_measured")
    for source_id in case.statuses:
        for language in ("reason_fr", "reason_en"):
            named = reasons.filter(pl.col(language).str.contains(source_id, literal=True))
            assert named.height, f"{language} never names {source_id}"


def test_an_indicator_that_is_gone_says_for_lack_of_what(
    after: After, case: Case, good: Path
) -> None:
    before = set(pl.read_parquet(next(good.glob("outputs/*/indicators.parquet")))["indicator"])
    said = after.table("not_measured")
    for id_ in before - set(after.table("indicators")["indicator"]):
        of_need = pl.col("indicator").is_null() & pl.col("need").is_in(indicators()[id_].needs)
        reasons = said.filter((pl.col("indicator") == id_) | of_need)["reason_en"].to_list()
        assert any(lost in reason for lost in case.statuses for reason in reasons), id_


def test_the_summary_has_a_reservation(after: After, case: Case) -> None:
    """This is what has the command exit with 3."""
    reservations = summaries.summarise(after.folder).reservations
    for source_id, status in case.statuses.items():
        told = f"{source_id}: rejected." if status == "rejected" else "unavailable, see the table"
        assert any(r.startswith(told) and source_id in r for r in reservations)
    warned = after.table("checks").filter(status="warned")["check_id"].to_list()
    for check_id in set(warned) - {"sources_used"}:
        assert any(r.startswith(f"{check_id}: ") for r in reservations), f"{check_id} is not told"


def test_no_check_fails(after: After, case: Case) -> None:
    found = after.table("checks")
    assert not found.filter(status="failed").height
    used = found.filter(check_id="sources_used").to_dicts()[0]
    assert used["status"] == "warned" and used["observed"] == len(case.statuses)
    assert all(f"{id_} ({status})" in used["message"] for id_, status in case.statuses.items())


def test_the_territories_are_all_there(after: After, good: Path) -> None:
    levels = ["commune", "epci", "departement", "region", "country"]
    columns = ["level", "code", "name", "population"]
    whole = pl.read_parquet(next(good.glob("outputs/*/territories.parquet")))
    keep = pl.col("level").is_in(levels)
    assert (
        after.table("territories")
        .filter(keep)
        .select(columns)
        .equals(whole.filter(keep).select(columns))
    )


def test_the_other_sources_are_read_and_used(after: After, case: Case, good: Path) -> None:
    before = pl.read_parquet(next(good.glob("outputs/*/sources.parquet")))
    read = dict(before.select("source_id", "rows").iter_rows())
    rows = dict(after.table("sources").select("source_id", "rows").iter_rows())
    assert rows == read | dict.fromkeys(case.statuses)
    used = set(pl.read_parquet(next(good.glob("outputs/*/measures.parquet")))["source_id"])
    assert set(after.table("measures")["source_id"]) == (
        used - set(case.statuses) - leaning_on(case)
    )


def test_missing_is_not_zero(after: After, case: Case) -> None:
    measures, balances = after.table("measures"), after.table("balances")
    left = [id_ for id_ in REQUIRED + OPTIONAL if id_ not in case.statuses]
    gone = set().union(*map(brought, case.statuses)) - set().union(*map(brought, left))
    assert not set(case.statuses) & set(measures["source_id"])
    assert not gone & set(measures["measure"])
    valued = set(after.table("indicators")["indicator"])
    assert not [i for i in valued if gone & set(indicators()[i].measures)]
    if "insee_commuting" in case.statuses:
        for table in ("flows", "dependencies", "balances"):
            assert after.table(table).filter(pl.col("need").is_in(["jobs", "workers"])).is_empty()
    if "aldo_wood_harvest" in case.statuses:
        assert balances.filter(
            pl.col("need").is_in(["wood_energy", "construction_wood"])
        ).is_empty()
    if "ore_consumption" in case.statuses:
        assert balances.filter(pl.col("need").is_in(["electricity", "gas"])).is_empty()
    elif "odre_electricity_registry" in case.statuses:
        electricity = balances.filter(need="electricity")
        for column in ("local_supply", "net"):
            assert electricity[column].null_count() == electricity.height > 0
    if "etalab_commune_contours" in case.statuses:
        territories, flows = after.table("territories"), after.table("flows")
        assert territories["lon"].null_count() == territories.height
        apart = flows.filter(pl.col("provider_code") != pl.col("dependent_code"))
        assert apart["distance_km"].null_count() == apart.height
    if "insee_zonings" in case.statuses:
        levels = set(after.table("territories")["level"])
        assert not levels & {"zone_emploi", "bassin_vie", "aav"}
