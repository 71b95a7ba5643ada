"""Formulas of indicators: read once, computed on whole columns, with their intervals."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl
import sqlglot
from sqlglot import exp

from pipelines.catalogue.words import parameter_values

PARAMETER = "parameter"
Z = 1.96  # two-sided 95 %


@dataclass(frozen=True)
class Interval:
    """A value and its bounds, as Polars expressions."""

    value: pl.Expr
    low: pl.Expr
    high: pl.Expr


@dataclass(frozen=True)
class Formula:
    """An arithmetic formula (`+ - * /`, `least`) over non-negative terms named `table.term`.

    `parameter.<name>` stands for the number of the catalogue.

    Raises:
        ValueError: the text is not such a formula.
    """

    text: str

    def __post_init__(self) -> None:
        self._compile(self._tree)

    @cached_property
    def _tree(self) -> exp.Expr:
        try:
            return sqlglot.parse_one(self.text, dialect="duckdb")
        except sqlglot.ParseError as error:
            raise ValueError(f"formula {self.text!r} does not parse: {error}") from error

    @property
    def terms(self) -> list[str]:
        """The terms it names, from left to right."""
        columns = self._tree.find_all(exp.Column, bfs=False)
        terms = [_name(column) for column in columns if column.table != PARAMETER]
        return list(dict.fromkeys(terms))

    @property
    def parameters(self) -> list[str]:
        """The numbers of the catalogue that it names."""
        columns = self._tree.find_all(exp.Column, bfs=False)
        return list(dict.fromkeys(c.name for c in columns if c.table == PARAMETER))

    @property
    def is_ratio(self) -> bool:
        """Whether it divides by a term: then it can be told of a part of a territory."""
        divisors = [node.expression for node in self._tree.find_all(exp.Div)]
        return any(column.table != PARAMETER for d in divisors for column in d.find_all(exp.Column))

    @property
    def subtracts(self) -> bool:
        """Whether a part of it counts as less."""
        return self._tree.find(exp.Sub) is not None

    def interval(self) -> Interval:
        """Value and bounds, the bounds of the terms combined by extremes.

        Columns read: `value|term`, and `low|term`, `high|term` (the value itself where it is
        exact, empty where there is no bound).
        """
        return self._compile(self._tree)

    def share(self) -> Interval:
        """Value and Wilson bounds of `100 * part / whole`, a part of a sampled whole.

        The number of respondents is whole² / `variance|whole`.

        Raises:
            ValueError: the formula has not this form.
        """
        if not isinstance(self._tree, exp.Div) or len(self.terms) != 2:
            raise ValueError(f"{self.text!r} is not of the form 100 * part / whole")
        part, whole = (pl.col(f"value|{term}") for term in self.terms)
        respondents = whole.pow(2) / pl.col(f"variance|{self.terms[1]}")
        share = part / whole
        centre = share + Z**2 / (2 * respondents)
        spread = Z * (share * (1 - share) / respondents + Z**2 / (4 * respondents.pow(2))).sqrt()
        scale = 1 + Z**2 / respondents
        value = self.interval().value.clip(0, 100)
        # At 0 and 100 %, a rounding error would leave the value outside its bounds or the scale.
        return Interval(
            value,
            pl.min_horizontal((100 * (centre - spread) / scale).clip(0, 100), value),
            pl.max_horizontal((100 * (centre + spread) / scale).clip(0, 100), value),
        )

    def _compile(self, node: exp.Expr) -> Interval:
        match node:
            case exp.Paren():
                return self._compile(node.this)
            case exp.Literal() if not node.is_string:
                number = pl.lit(float(node.this))
                return Interval(number, number, number)
            case exp.Column() if node.table == PARAMETER:
                number = pl.lit(_parameter(node.name))
                return Interval(number, number, number)
            case exp.Column():
                name = _name(node)
                return Interval(*(pl.col(f"{kind}|{name}") for kind in ("value", "low", "high")))
            case exp.Least():
                each = [self._compile(part) for part in (node.this, *node.expressions)]
                return Interval(
                    _least([one.value for one in each]),
                    _least([one.low for one in each]),
                    _least([one.high for one in each]),
                )
            case exp.Add() | exp.Sub() | exp.Mul() | exp.Div():
                a, b = self._compile(node.this), self._compile(node.expression)
                match node:
                    case exp.Add():
                        return Interval(a.value + b.value, a.low + b.low, a.high + b.high)
                    case exp.Sub():
                        return Interval(a.value - b.value, a.low - b.high, a.high - b.low)
                    case exp.Mul():
                        return Interval(a.value * b.value, a.low * b.low, a.high * b.high)
                    case _:
                        return Interval(a.value / b.value, a.low / b.high, a.high / b.low)
        raise ValueError(
            f"formula {self.text!r}: {node.sql()!r} is no number, no term, not least or + - * /"
        )


def _parameter(name: str) -> float:
    if name not in parameter_values():
        raise ValueError(f"there is no parameter {name!r} in parameters.yml")
    return parameter_values()[name]


def _least(parts: list[pl.Expr]) -> pl.Expr:
    # Unlike `min_horizontal`, unknown if any part is.
    known = pl.all_horizontal(part.is_not_null() for part in parts)
    return pl.when(known).then(pl.min_horizontal(parts))


def _name(column: exp.Column) -> str:
    if not column.table:
        raise ValueError(f"a term is named table.term, not {column.name!r}")
    return f"{column.table}.{column.name}"
