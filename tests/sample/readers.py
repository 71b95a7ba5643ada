"""Readers of the files of the sample, and the codes they are asked for."""

import io
from collections.abc import Callable

import fastexcel
import polars as pl

Content = Callable[..., bytes]

METROPOLISES = {"75056", "69123", "13055"}
ARRONDISSEMENTS = {
    *(f"{code}" for code in range(75_101, 75_121)),
    *(f"{code}" for code in range(69_381, 69_390)),
    *(f"{code}" for code in range(13_201, 13_217)),
}
ISLANDS = {"29083", "29155", "85113"}

ZONING_ZIP = "table-appartenance-geo-communes-22.zip"
ZONING_XLSX = "table-appartenance-geo-communes-22.xlsx"
COMMUTING_ZIP = "base-flux-mobilite-domicile-lieu-travail-2022_csv.zip"
COMMUTING_CSV = "base-flux-mobilite-domicile-lieu-travail-2022.csv"
COMPARATEUR_ZIP = "base_cc_comparateur_csv.zip"
COMPARATEUR_CSV = "base_cc_comparateur.CSV"


def table(content: bytes, separator: str = ",", header: bool = True) -> pl.DataFrame:
    """A text file, all columns as text, empty fields null."""
    frame = pl.read_csv(
        io.BytesIO(content), separator=separator, infer_schema=False, has_header=header
    )
    return frame.with_columns(pl.all().replace("", None))


def sheet(content: bytes, name: str, header_row: int | None = None) -> pl.DataFrame:
    """A sheet of a workbook, all cells as text."""
    book = fastexcel.read_excel(content)
    return book.load_sheet(name, header_row=header_row, dtypes="string").to_polars()
