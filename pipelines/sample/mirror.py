"""Writing the files of a fictitious country as a mirror folder."""

import hashlib
import json
import tempfile
from collections.abc import Collection
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import polars as pl

from pipelines import paths
from pipelines.sample import census, energy, files, food, land_use, perimeters, transport
from pipelines.sample.country import build
from pipelines.sample.entries import Entry
from pipelines.sample.files import Sample
from pipelines.sample.sizes import SMALL, Size

MANIFEST = "manifest.csv"
STAMP = "sample.json"
"""Says by which generator a folder was written."""
CATALOGUES = (paths.CATALOGUE / "emission_factors.yml",)
"""What the files are made of, beside the generator."""
LIBRARIES = ("numpy", "polars", "pyproj", "shapely", "xlsxwriter")

INSEE = "https://www.insee.fr/fr/statistiques/fichier"
COG = f"{INSEE}/8740222"


GEOGRAPHY = (
    Entry(
        "insee_cog_communes",
        "2026",
        "v_commune_2026.csv",
        "INSEE",
        "Code officiel géographique : communes",
        f"{COG}/v_commune_2026.csv",
        files.cog_communes,
    ),
    Entry(
        "insee_cog_movements",
        "2026",
        "v_mvt_commune_2026.csv",
        "INSEE",
        "Code officiel géographique : événements sur les communes",
        f"{COG}/v_mvt_commune_2026.csv",
        files.cog_movements,
    ),
    Entry(
        "insee_cog_departements",
        "2026",
        "v_departement_2026.csv",
        "INSEE",
        "Code officiel géographique : départements",
        f"{COG}/v_departement_2026.csv",
        files.cog_departements,
    ),
    Entry(
        "insee_cog_regions",
        "2026",
        "v_region_2026.csv",
        "INSEE",
        "Code officiel géographique : régions",
        f"{COG}/v_region_2026.csv",
        files.cog_regions,
    ),
    Entry(
        "dgcl_epci",
        "2025",
        "epcicom2025.xlsx",
        "DGCL",
        "Composition communale des EPCI à fiscalité propre",
        "https://www.collectivites-locales.gouv.fr/files/Accueil/DESL/2025/epcicom2025.xlsx",
        files.dgcl_epci,
    ),
    Entry(
        "insee_populations",
        "2023",
        "donnees_communes.csv",
        "INSEE",
        "Populations de référence, communes",
        f"{INSEE}/8680726/ensemble.zip",
        files.populations,
        "Paris, Lyon and Marseille by arrondissement only; Mayotte in the second file",
    ),
    Entry(
        "insee_populations",
        "2023",
        "donnees_communes_mayotte.csv",
        "INSEE",
        "Populations de référence, Mayotte",
        f"{INSEE}/8680726/ensemble.zip",
        files.populations_mayotte,
        extent="dep:976",
    ),
    Entry(
        "insee_zonings",
        "2022",
        "table-appartenance-geo-communes-22.zip",
        "INSEE",
        "Table d'appartenance géographique des communes",
        f"{INSEE}/7671844/table-appartenance-geo-communes-22.zip",
        files.zonings_zip,
        "COG 2022; BV2012 column instead of BV2022",
    ),
    Entry(
        "insee_comparateur",
        "2018",
        "base_cc_comparateur_csv.zip",
        "INSEE",
        "Base du comparateur de territoires (RP2018, COG 2021)",
        f"{INSEE}/2521169/base_cc_comparateur_csv.zip",
        files.comparateur_zip,
        "communes and arrondissements: a raw sum counts Paris, Lyon and Marseille twice",
    ),
    Entry(
        "insee_commuting",
        "2022",
        "base-flux-mobilite-domicile-lieu-travail-2022_csv.zip",
        "INSEE",
        "Mobilités professionnelles 2022 : flux domicile - lieu de travail",
        f"{INSEE}/8582949/base-flux-mobilite-domicile-lieu-travail-2022_csv.zip",
        files.commuting_zip,
        "COG 2025",
    ),
    Entry(
        "insee_foreign_codes",
        "2021",
        "insee_RP2021_mobpro_border_cities.csv",
        "INSEE",
        "Libellés des communes frontalières étrangères",
        f"{INSEE}/8205896/varmod_mobpro_2021.csv",
        files.foreign_codes,
        "code,name without header",
    ),
    Entry(
        "etalab_commune_contours",
        "2023",
        "communes-1000m.geojson",
        "Etalab / IGN",
        "Contours administratifs des communes, généralisés à 1 000 m",
        "https://etalab-datasets.geo.data.gouv.fr/contours-administratifs/2023/geojson/"
        "communes-1000m.geojson",
        files.contours,
        "COG 2022; Paris, Lyon, Marseille both as communes and as arrondissements (plm)",
    ),
    Entry(
        "anct_programmes",
        "2023",
        "ngeo-anct-cog2023.csv",
        "ANCT",
        "Communes des programmes ANCT (dont périmètres CRTE)",
        "https://www.data.gouv.fr/organizations/agence-nationale-de-la-cohesion-des-territoires",
        files.anct_programmes,
        "several identifiers in a cell",
    ),
)


ENTRIES = (
    *(GEOGRAPHY + transport.ENTRIES + perimeters.ENTRIES + census.ENTRIES + food.ENTRIES),
    *(energy.ENTRIES + land_use.ENTRIES),
)


def write_sample(folder: Path, size: Size = SMALL, only: Collection[str] | None = None) -> Path:
    """Write the sample of a size as a mirror folder, and return the folder.

    The bytes depend on the size and on the generator only. A folder that already holds this very
    sample is left as it is; an older sample is replaced, all at once; any other folder is refused.
    ``only`` restricts the files to the sources named, for benchmarks.
    """
    unknown = set(only or ()) - {entry.source_id for entry in ENTRIES}
    if unknown:
        raise ValueError(f"the sample has no source {', '.join(sorted(unknown))}")
    stamp = _stamp(size, only)
    if _holds(folder, stamp):
        return folder
    if folder.exists() and any(folder.iterdir()) and not (folder / STAMP).is_file():
        raise FileExistsError(f"{folder} holds something else than a sample")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as desk:
        draft = Path(desk, "new")
        _write(draft, Sample(build(size)), only)
        (draft / STAMP).write_text(stamp, encoding="utf-8")
        try:
            if folder.exists():
                folder.rename(Path(desk, "old"))
            draft.rename(folder)
        except OSError:  # Another run may have put the same sample there just now.
            if not _holds(folder, stamp):
                raise
    return folder


def _stamp(size: Size, only: Collection[str] | None) -> str:
    """What the bytes of a sample depend on: the size, this code and its catalogues, libraries."""
    code = hashlib.sha256()
    for path in [*sorted(Path(__file__).parent.glob("*.py")), *CATALOGUES]:
        code.update(path.read_bytes())
    content = {
        "generator": code.hexdigest(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "only": sorted(only) if only is not None else None,
        "size": asdict(size),
        "synthetic": True,
    }
    return json.dumps(content, indent=2)


def _holds(folder: Path, stamp: str) -> bool:
    """Whether a folder holds the whole sample of a stamp."""
    if not (folder / STAMP).is_file() or (folder / STAMP).read_text(encoding="utf-8") != stamp:
        return False
    manifest = pl.read_csv(folder / MANIFEST, infer_schema=False)
    return all(
        (folder / path).is_file() and _sha256((folder / path).read_bytes()) == sha256
        for path, sha256 in manifest.select("path", "sha256").iter_rows()
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(folder: Path, sample: Sample, only: Collection[str] | None) -> None:
    """Write all files and the manifest."""
    folder.mkdir()
    rows = []
    for entry in ENTRIES:
        if only is not None and entry.source_id not in only:
            continue
        content = entry.content(sample)
        path = folder / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        rows.append(_manifest_row(entry, content, sample.country.size))
    (folder / MANIFEST).write_text(
        pl.DataFrame(rows).write_csv(line_terminator="\r\n"), encoding="utf-8", newline=""
    )


def _manifest_row(entry: Entry, content: bytes, size: Size) -> dict[str, str | int]:
    """The columns of a mirror's manifest, in their order."""
    twin = f"synthetic twin of the official file, a fictitious country of {size.communes} communes"
    return {
        "source_id": entry.source_id,
        "vintage": entry.vintage,
        "path": entry.path,
        "extent": entry.extent,
        "extent_kind": entry.extent_kind,
        "layout": "synthetic",
        "publisher": entry.publisher,
        "title": f"{entry.title} (données synthétiques)",
        "official_url": entry.official_url,
        "licence": entry.licence,
        "sha256": _sha256(content),
        "bytes": len(content),
        "remarks": f"{twin}; {entry.remarks}" if entry.remarks else twin,
    }
