"""`make bench`: the national commuting file to all levels, three ways, in turn, in one run."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import zipfile
from pathlib import Path

from pipelines import paths
from pipelines.sample import NATIONAL, Size, write_sample

ROUNDS = 5
WAYS = ("floor", "ours", "pandas_script")
# The commuting file and the geography under it: no other flows, that the script does not read.
SOURCES = (
    "insee_cog_communes",
    "insee_cog_movements",
    "insee_cog_departements",
    "insee_cog_regions",
    "insee_populations",
    "insee_comparateur",
    "insee_zonings",
    "insee_foreign_codes",
    "insee_commuting",
    "dgcl_epci",
    "etalab_commune_contours",
    "anct_programmes",
)


def main() -> None:
    """Prepare the input once, run each way in a process of its own, print medians and peaks."""
    environment = prepare(paths.home() / "bench", NATIONAL)
    size = Path(environment["BENCH_CSV"]).stat().st_size
    print(f"input: {size / 1e6:.0f} MB of CSV, {NATIONAL.commuting_pairs:,} pairs")
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way in WAYS:
            runs[way].append(timed(way, environment))
    floor = statistics.median(run["to all levels"] for run in runs["floor"])
    for way, measured in runs.items():
        peak = max(run.pop("peak MB") for run in measured)
        print(f"{way}: peak memory {peak:,.0f} MB")
        for step in measured[0]:
            seconds = sorted(run[step] for run in measured)
            print(
                f"  {step:28} median {statistics.median(seconds):6.2f} s"
                f"  (min {seconds[0]:.2f}, max {seconds[-1]:.2f})"
                f"  = {statistics.median(seconds) / floor:5.1f} x the floor"
            )


def prepare(home: Path, size: Size) -> dict[str, str]:
    """A fictitious country, its commuting file out of the archive: where, as the ways hear it."""
    mirror = write_sample(home / size.name, size, SOURCES)
    (packed,) = mirror.glob("insee_commuting/*/*.zip")
    csv = _unpacked(packed, home)
    shutil.rmtree(home / "home", ignore_errors=True)  # tables of another version of the code
    return os.environ | {
        "METABOLISME_HOME": str(home / "home"),
        "BENCH_MIRROR": str(mirror),
        "BENCH_CSV": str(csv),
    }


def timed(way: str, environment: dict[str, str]) -> dict[str, float]:
    """Seconds of each step, and the peak of memory."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{way}"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def _unpacked(packed: Path, folder: Path) -> Path:
    with zipfile.ZipFile(packed) as archive:
        (member,) = archive.namelist()
        return Path(archive.extract(member, folder))


if __name__ == "__main__":
    main()
