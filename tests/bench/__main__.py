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
from pipelines.sample import NATIONAL, write_sample

ROUNDS = 5
WAYS = ("floor", "ours", "pandas_script")


def main() -> None:
    """Prepare the input once, run each way in a process of its own, print medians and peaks."""
    home = paths.home() / "bench"
    mirror = write_sample(home / "national", NATIONAL)
    (packed,) = mirror.glob("insee_commuting/*/*.zip")
    csv = _unpacked(packed, home)
    shutil.rmtree(home / "home", ignore_errors=True)  # tables of another version of the code
    environment = os.environ | {
        "METABOLISME_HOME": str(home / "home"),
        "BENCH_MIRROR": str(mirror),
        "BENCH_CSV": str(csv),
    }
    print(f"input: {csv.stat().st_size / 1e6:.0f} MB of CSV, {NATIONAL.commuting_pairs:,} pairs")
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way in WAYS:
            done = subprocess.run(
                [sys.executable, "-m", f"tests.bench.{way}"],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            runs[way].append(json.loads(done.stdout))
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


def _unpacked(packed: Path, folder: Path) -> Path:
    with zipfile.ZipFile(packed) as archive:
        (member,) = archive.namelist()
        return Path(archive.extract(member, folder))


if __name__ == "__main__":
    main()
