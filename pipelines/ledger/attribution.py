"""Attribute the flows that nobody counts, from what each EPCI makes and needs.

The published quantity is that of fitted gravity; its interval is the spread over models and
decays. Models are kept as their balancing factors: a matrix is made again where it is read.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from pipelines import engine
from pipelines.catalogue.tables import Table, tables
from pipelines.catalogue.words import Attribution, attributions, levels, parameter_values
from pipelines.ledger import models
from pipelines.ledger.models import Factors, Matrix, NotConverged, Vector
from pipelines.store import Store

CENTRAL = "gravity"
# The models whose spread is the interval, the central one first.
SPREAD = (CENTRAL, "gravity_near", "gravity_far", "radiation")
# Where what the country lacks comes from, and where what it has left goes.
REMAINDERS = {"world": ("foreign", "ROW"), "unknown": ("unknown", "XXXXX")}
ELSEWHERE = ("elsewhere", "FRXXX")

Need = TypeVar("Need")
Found = TypeVar("Found")

READS_FACTORS = frozenset({"zones", "zone_sides"})
READS_MODELS = READS_FACTORS | {"attribution_factors", "attribution_sides"}
READS_FLOWS = READS_FACTORS | {"attribution_factors", "emission_factors"}
READS_PARTNERS = READS_FLOWS | {"zone_parts"}


@dataclass(frozen=True)
class Places:
    """The places that a need is attributed between, in the order of their codes.

    Attributes:
        level, code, landmass: of each place.
        supply, demand: what each makes and needs.
        distance: estimated road km between them, infinite across the sea.
        about: how the need is attributed.
        year, source_id: those of what is made.
    """

    need: str
    level: list[str]
    code: list[str]
    landmass: NDArray[np.str_]
    supply: Vector
    demand: Vector
    distance: Matrix
    about: Attribution
    year: int
    source_id: str

    @property
    def remainder(self) -> tuple[str, str]:
        """Level and code of the place that closes the totals."""
        return REMAINDERS[self.about.remainder]

    @cached_property
    def closed(self) -> models.Closed:
        """What meets inside each landmass, and what is traded with the world."""
        return models.close(self.supply, self.demand, self.landmass, self.about.imports)

    def cost(self, model: str, decay: float) -> Matrix:
        """The cost of a model."""
        if model == "radiation":
            return models.radiation_cost(self.distance, self.closed.supply, self.closed.demand)
        return models.gravity_cost(self.distance, decay)

    @cached_property
    def gravity(self) -> models.Gravity:
        """The model of gravity, at any decay."""
        return models.Gravity(self.distance, self.closed.supply, self.closed.demand)

    @cached_property
    def least_cost(self) -> Matrix:
        """The flows of the least total distance: the nearest that could be."""
        return models.least_cost(self.distance, self.closed.supply, self.closed.demand)

    @cached_property
    def proportional(self) -> Matrix:
        """The flows that ignore distance."""
        return models.proportional(self.distance, self.closed.supply, self.closed.demand)

    def targets(self) -> dict[str, float]:
        """Mean km that gravity is fitted to, within what is possible; empty if borrowed.

        The nearest that could be, and flows that ignore distance, leave no decay to be fitted.
        """
        if self.about.mean_km is None:
            return {}
        margin, asked = parameter_values()["distance_margin"], self.about.mean_km
        least = margin * models.mean_distance(self.least_cost, self.distance)
        most = models.mean_distance(self.proportional, self.distance) / margin
        wanted = {CENTRAL: asked.central, "gravity_near": asked.near, "gravity_far": asked.far}
        return {model: max(min(km, most), least) for model, km in wanted.items()}

    def decays(self) -> dict[str, float]:
        """Decay per road km of each model that has one.

        Raises:
            NotConverged: no decay gives a mean distance.
        """
        if self.closed.supply.sum() == 0:
            raise NotConverged("nobody makes, or nobody needs, anything")
        if targets := self.targets():
            found = self.gravity.fitted(set(targets.values()))
            return {model: found[target] for model, target in targets.items()}
        borrowed = commuting_decay(self._area())
        spread = parameter_values()["decay_spread"]
        return {
            CENTRAL: borrowed,
            "gravity_near": borrowed * spread,
            "gravity_far": borrowed / spread,
        }

    def _area(self) -> float:
        own = np.diag(self.distance)
        constants = parameter_values()
        road = constants["detour_factor"] * constants["own_distance_factor"]
        return float(np.mean((own / road) ** 2))


def commuting_decay(mean_area_km2: float) -> float:
    """Decay of commuting per road km, for places of a mean area.

    The law of Lenormand et al. (2016), J. Transp. Geogr. 51:158, per km as the crow flies, times
    what it is to be multiplied by to fit commuting best (see the back-test).
    """
    constants = parameter_values()
    law = 0.3028016 * mean_area_km2 ** (-0.1665103)
    return float(constants["commuting_decay_ratio"] * law / constants["detour_factor"])


@dataclass(frozen=True)
class Attributed:
    """A need attributed by all models.

    Attributes:
        places: between whom.
        factors, decays: by model.
    """

    places: Places
    factors: dict[str, Factors]
    decays: dict[str, float]

    @cached_property
    def flows(self) -> dict[str, Matrix]:
        """Flows inside the country by model, the central one first."""
        return {
            model: factors.flows(self.places.cost(model, self.decays[model]))
            for model, factors in self.factors.items()
        }

    @cached_property
    def flows_km(self) -> Matrix:
        """Quantity × km of the central model."""
        road = np.isfinite(self.places.distance)
        return self.flows[CENTRAL] * np.where(road, self.places.distance, 0)

    @property
    def given(self) -> list[Matrix]:
        """The flows of each model, then those × km: a row per provider."""
        return [*self.flows.values(), self.flows_km]

    @property
    def taken(self) -> list[Matrix]:
        """The same, a row per dependent."""
        return [np.ascontiguousarray(matrix.T) for matrix in self.given]


# --- the tables ---


def write_factors(store: Store) -> int:
    """Make `attribution_factors`: the models of each need, solved."""
    return _write(tables()["attribution_factors"], store, _each(_solved, _all_places(store)))


def write_models(store: Store) -> int:
    """Make `attribution_models`: what each model gives, and why a need could not be attributed."""
    sides = {
        (row["need"], row["side"]): row
        for row in pl.read_parquet(store.path("attribution_sides")).to_dicts()
    }
    solved = dict(_each(lambda one: [(one.places.need, _described(one))], attributed(store)))
    known = {one.need: one for one in _all_places(store) if one.need not in solved}
    records = []
    for need, how in attributions().items():
        demand, supply = sides[need, "demand"], sides[need, "supply"]
        about = {
            "need": need,
            "grounds": how.source,
            "factor": how.carried_by,
            "demand_measure": demand["measure"],
            "supply_measure": supply["measure"],
            "known_demand": demand["known_share"],
            "known_supply": supply["known_share"],
        }
        if need in solved:
            records += [about | row for row in solved[need]]
        else:
            reason = _reason(known.get(need), demand, supply)
            records.append(about | {"model": CENTRAL, "status": "not_attributed"} | reason)
    return engine.write_records(tables()["attribution_models"], store, records)


def write_flows(store: Store) -> int:
    """Make `attributed_flows`: between EPCI, small parts merged; and with the rest of the world."""
    frames = _each(lambda one: [_pairs(one, _emissions(store, one.places))], attributed(store))
    return _write(tables()["attributed_flows"], store, frames)


def write_partners(store: Store) -> int:
    """Make `attributed_partners`: the same between a territory of any level and its partners."""
    parts = pl.read_parquet(store.path("zone_parts")).partition_by("need", as_dict=True)

    def of_need(one: Attributed) -> list[pl.DataFrame]:
        emissions, seen = _emissions(store, one.places), (one.given, one.taken)
        levels_of = parts[one.places.need,].partition_by("level")
        return [frame for level in levels_of for frame in _of_level(one, seen, emissions, level)]

    return _write(tables()["attributed_partners"], store, _each(of_need, attributed(store)))


def _each(function: Callable[[Need], list[Found]], needs: Iterable[Need]) -> list[Found]:
    """What a function finds of each need, two needs at a time, each on one core."""
    with threadpool_limits(1), ThreadPoolExecutor(2) as pool:
        return [found for several in pool.map(function, needs) for found in several]


def attributed(store: Store) -> Iterator[Attributed]:
    """The needs that could be attributed, with their solved models, one at a time in memory."""
    rows = pl.read_parquet(store.path("attribution_factors"))
    for places in _all_places(store):
        ours = rows.filter(need=places.need)
        if not ours.is_empty():
            by_model = {str(m): group for (m,), group in ours.group_by("model")}
            index = pl.DataFrame({"zone_code": places.code})
            factors, decays = {}, {}
            for model in (m for m in SPREAD if m in by_model):
                aligned = index.join(by_model[model], on="zone_code", how="left")
                factors[model] = Factors(
                    aligned["provider_factor"].fill_null(-np.inf).to_numpy(),
                    aligned["dependent_factor"].fill_null(-np.inf).to_numpy(),
                )
                decays[model] = float(by_model[model]["decay_per_km"][0] or 0)
            yield Attributed(places, factors, decays)


# --- reading ---


def _all_places(store: Store) -> Iterator[Places]:
    """The places of each need that is known for enough of the country."""
    zones = pl.read_parquet(store.path("zones")).drop("level")
    sides = pl.read_parquet(store.path("zone_sides"))
    constants = parameter_values()
    for need, about in attributions().items():
        rows = (
            sides.filter(need=need)
            .join(zones, on="zone_code")
            .drop_nulls(["lon", "lat", "area_km2"])
            .sort("zone_code")
        )
        if rows.is_empty():
            continue
        landmass = rows["landmass"].to_numpy().astype(str)
        distance = models.road_distances(
            rows["lon"].to_numpy(),
            rows["lat"].to_numpy(),
            rows["area_km2"].to_numpy(),
            landmass,
            radius=constants["earth_radius_km"],
            detour=constants["detour_factor"],
            own=constants["own_distance_factor"],
        )
        yield Places(
            need=need,
            level=rows["level"].to_list(),
            code=rows["zone_code"].to_list(),
            landmass=landmass,
            supply=rows["supply"].to_numpy(),
            demand=rows["demand"].to_numpy(),
            distance=distance,
            about=about,
            year=int(rows["year"].max()),  # type: ignore[arg-type]
            source_id=str(rows["source_id"][0]),
        )


def _solved(places: Places) -> list[pl.DataFrame]:
    """The factors of each model that has flows; none where the central one has none."""
    found: dict[str, Factors] = {}
    decays: dict[str, float] = {}
    with suppress(NotConverged):
        decays = places.decays()
    # From the gentlest: each solution helps the next.
    for model, decay in sorted(decays.items(), key=itemgetter(1)):
        with suppress(NotConverged):
            found[model] = places.gravity.at(decay)
    if CENTRAL not in found:
        return []
    with suppress(NotConverged):
        found["radiation"] = models.balance(
            places.cost("radiation", 0.0), places.closed.supply, places.closed.demand
        )
    return [
        pl.DataFrame(
            {
                "zone_code": places.code,
                "provider_factor": found[model].provider,
                "dependent_factor": found[model].dependent,
            }
        )
        # Nothing is made (or needed): no factor.
        .with_columns(pl.when(pl.col(pl.Float64).is_finite()).then(pl.col(pl.Float64)))
        .with_columns(
            need=pl.lit(places.need),
            model=pl.lit(model),
            decay_per_km=pl.lit(decays.get(model, 0.0)),
        )
        for model in SPREAD
        if model in found
    ]


# --- describing ---


def _described(one: Attributed) -> list[dict[str, Any]]:
    places, closed = one.places, one.places.closed
    targets = places.targets()
    about = {
        "status": "used",
        "n_zones": len(places.code),
        "demand_total": float(places.demand.sum()),
        "supply_total": float(places.supply.sum()),
        "imported_share": float(closed.imports.sum() / places.demand.sum()),
        "exported_share": float(closed.exports.sum() / places.supply.sum()),
    }
    every = one.flows | {"proportional": places.proportional, "least_cost": places.least_cost}
    rows = []
    for model, flows in every.items():
        rows.append(
            about
            | {
                "model": model,
                "decay_per_km": one.decays.get(model) if model.startswith("gravity") else None,
                "target_km": targets.get(model),
                "mean_km": models.mean_distance(flows, places.distance),
                "own_share": float(np.trace(flows) / flows.sum()),
                "margin_error": _margin_error(flows, closed),
            }
        )
    rows[-2] |= {
        "status": "bound",
        "why_fr": "Sans égard à la distance : une borne, pas une estimation.",
        "why_en": "Whatever the distance: a bound, no estimate.",
    }
    rows[-1] |= {
        "status": "bound",
        "why_fr": "Le plus près possible : une borne, pas une estimation.",
        "why_en": "The nearest that could be: a bound, no estimate.",
    }
    lost = {
        "status": "not_converged",
        "why_fr": "Le modèle n'a pas convergé : l'intervalle est sans lui.",
        "why_en": "The model did not converge: the interval is without it.",
    }
    return rows + [about | lost | {"model": model} for model in SPREAD if model not in one.flows]


def _margin_error(flows: Matrix, closed: models.Closed) -> float:
    """Largest gap of a place to its total, as a share of the whole."""
    gaps = (flows.sum(1) - closed.supply, flows.sum(0) - closed.demand)
    return float(max(np.abs(gap).max() for gap in gaps) / closed.supply.sum())


def _reason(
    places: Places | None, demand: dict[str, Any], supply: dict[str, Any]
) -> dict[str, str]:
    least = parameter_values()["attribution_coverage"]
    if places is None and demand["is_enough"] and supply["is_enough"]:
        return {
            "why_fr": "Aucun EPCI n'a à la fois un besoin, une offre et une position connus.",
            "why_en": "No EPCI has a need, a supply and a position that are known.",
        }
    if places is None:
        side = supply if demand["is_enough"] else demand
        word = {"supply": ("L'offre", "The supply"), "demand": ("Le besoin", "The need")}
        fr, en = word[side["side"]]
        share = 100 * side["known_share"]
        return {
            "why_fr": f"{fr} ({side['measure']}) n'est connu(e) que pour {share:.0f} % des "
            f"habitants du pays, il en faut {100 * least:.0f} % : qui fournit qui ne peut être "
            "attribué ; les bilans restent.",
            "why_en": f"{en} ({side['measure']}) is known for {share:.0f} % of the country's "
            f"people only, {100 * least:.0f} % are asked: who serves whom cannot be attributed; "
            "balances stand.",
        }
    if places.closed.supply.sum() == 0:
        return {
            "why_fr": "Personne n'a d'offre, ou personne n'a de besoin : rien à attribuer.",
            "why_en": "Nobody has a supply, or nobody has a need: there is nothing to attribute.",
        }
    return {
        "why_fr": "Le modèle n'a pas convergé : aucun flux n'est publié pour ce besoin.",
        "why_en": "The model did not converge: no flow is published for this need.",
    }


# --- flows between EPCI ---


@dataclass(frozen=True)
class _Emissions:
    """kg CO2e per unit and km, by scope; None where the unit has no weight."""

    full: float | None
    ttw: float | None


def _emissions(store: Store, places: Places) -> _Emissions:
    if places.about.tonnes is None:
        return _Emissions(None, None)
    factors = pl.read_parquet(store.path("emission_factors")).filter(factor=places.about.carried_by)
    by_scope = dict(zip(factors["scope"], factors["value"], strict=True))
    full, ttw = (
        places.about.tonnes * by_scope[scope] if scope in by_scope else None
        for scope in ("full", "ttw")
    )
    return _Emissions(full, ttw)


def _pairs(one: Attributed, emissions: _Emissions) -> pl.DataFrame:
    places, closed = one.places, one.places.closed
    central = one.flows[CENTRAL]
    kept = _kept(central, parameter_values()["kept_share"])
    np.fill_diagonal(kept, np.diag(central) > 0)
    provider, dependent = np.nonzero(kept)
    codes = pl.Series(places.code)
    flows = list(one.flows.values())
    rest = [np.where(kept, 0, matrix) for matrix in flows]
    rest_km = np.where(kept, 0, one.flows_km)
    elsewhere, world = ELSEWHERE[1], places.remainder[1]
    every = pl.concat(
        [
            _ends(
                codes.gather(provider),
                codes.gather(dependent),
                [matrix[kept] for matrix in flows],
                one.flows_km[kept],
            ),
            _ends(elsewhere, codes, [matrix.sum(0) for matrix in rest], rest_km.sum(0)),
            _ends(codes, elsewhere, [matrix.sum(1) for matrix in rest], rest_km.sum(1)),
            _ends(world, codes, [closed.imports], None),
            _ends(codes, world, [closed.exports], None),
        ]
    )
    return every.filter(pl.col("quantity") >= _SMALLEST).select(
        "provider_code",
        "dependent_code",
        "quantity",
        "low",
        "high",
        distance_km=(pl.col("quantity_km") / pl.col("quantity")).round(1),
        ghg_kgco2e=(pl.col("quantity_km") * emissions.full).round(1),
        ghg_ttw_kgco2e=(pl.col("quantity_km") * emissions.ttw).round(1),
        need=pl.lit(places.need),
        year=pl.lit(places.year),
        source_id=pl.lit(places.source_id),
    )


# Quantities are kept with six decimals.
_SMALLEST = 1e-6


def _kept(flows: Matrix, share: float) -> NDArray[np.bool_]:
    """The flows that are a part of what one of their ends gives or takes."""
    given, taken = flows.sum(1, keepdims=True), flows.sum(0, keepdims=True)
    kept: NDArray[np.bool_] = (flows > 0) & ((flows >= share * given) | (flows >= share * taken))
    return kept


def _ends(provider: Any, dependent: Any, values: list[Vector], km: Vector | None) -> pl.DataFrame:
    return _bounded(values, km).select(
        _text(provider).alias("provider_code"), _text(dependent).alias("dependent_code"), pl.all()
    )


def _bounded(values: list[Vector], km: Vector | None) -> pl.DataFrame:
    """The central quantity, and the spread of all models: columns quantity, low, high, quantity_km.

    The spread is widened to what the back-test found between counted flows and modelled ones.
    What has one value only, traded with the world, has no spread.
    """
    constants = parameter_values()
    quantity, several = values[0], len(values) > 1
    rounded = quantity.round(6)
    low = np.minimum.reduce([*values, quantity * (constants["spread_low"] if several else 1)])
    high = np.maximum.reduce([*values, quantity * (constants["spread_high"] if several else 1)])
    return pl.DataFrame(
        {
            "quantity": rounded,
            "low": np.minimum(np.floor(low * 1e3) / 1e3, rounded),
            "high": np.maximum(np.ceil(high * 1e3) / 1e3, rounded),
            "quantity_km": np.full(len(quantity), np.nan)
            if km is None
            else km * np.divide(rounded, quantity, out=np.zeros_like(quantity), where=quantity > 0),
        }
    ).with_columns(pl.col("quantity_km").fill_nan(None))


def _text(codes: Any) -> Any:
    return pl.lit(codes) if isinstance(codes, str) else codes


def _write(table: Table, store: Store, frames: list[pl.DataFrame]) -> int:
    if not frames:
        return store.write_empty(table)
    return engine.write_frame(table, store, pl.concat(frames))


# --- flows of territories ---


def _of_level(
    one: Attributed,
    seen: tuple[list[Matrix], list[Matrix]],
    emissions: _Emissions,
    parts: pl.DataFrame,
) -> list[pl.DataFrame]:
    """What the territories of a level depend on, and what depends on them.

    A place is shared out among territories as its need and its supply are among its communes.

    Args:
        seen: the flows given and taken.
        parts: the share of each place that belongs to each territory of the level.
    """
    given, taken = seen
    level = str(parts["level"][0])
    codes = sorted(parts["code"].unique().to_list())
    demand, supply = (_shares(one.places.code, codes, parts, f"{s}_share") for s in _SIDES)
    closed = one.places.closed
    frames = []
    for direction, mine, theirs, matrices, traded in (
        ("depends_on", demand, supply, taken, closed.imports),
        ("depended_on_by", supply, demand, given, closed.exports),
    ):
        # A row per place as one end of the flow, a column per place as its partner.
        flows = [mine @ matrix for matrix in matrices]
        rows = _Seen(level, codes, one.places, flows, theirs, mine @ traded).rows()
        frames.append(
            rows.select(
                "code",
                "partner_level",
                "partner_code",
                "quantity",
                "low",
                "high",
                "located_quantity",
                "quantity_km",
                "merged_hhi",
                need=pl.lit(one.places.need),
                level=pl.lit(level),
                direction=pl.lit(direction),
                ghg_kgco2e=(pl.col("quantity_km") * emissions.full).round(1),
                ghg_ttw_kgco2e=(pl.col("quantity_km") * emissions.ttw).round(1),
                year=pl.lit(one.places.year),
            )
        )
    return frames


_SIDES = ("demand", "supply")
# Shares are sums of quantities with six decimals.
_ROUNDING = 1e-6


def _shares(places: list[str], codes: list[str], parts: pl.DataFrame, column: str) -> csr_array:
    """The share of each place (column) that belongs to each territory (row)."""
    row = {code: number for number, code in enumerate(codes)}
    column_of = {code: number for number, code in enumerate(places)}
    ours = parts.filter(pl.col("zone_code").is_in(places))
    rows = [row[code] for code in ours["code"]]
    columns = [column_of[code] for code in ours["zone_code"]]
    shares = ours[column].to_numpy()
    # A place that is whole but for a rounding is whole: nothing of it lies outside.
    whole = np.where(shares > 1 - _ROUNDING, 1.0, shares)
    return csr_array((whole, (rows, columns)), (len(codes), len(places)))


@dataclass(frozen=True)
class _Seen:
    """The flows of the territories of a level, seen from one direction.

    Attributes:
        level, codes: of the territories.
        flows: by model, the central one first, then quantity × km: by territory and place.
        parts: the share of each place that belongs to each territory, as a partner.
        world: what each territory trades with the rest of the world.
    """

    level: str
    codes: list[str]
    places: Places
    flows: list[Matrix]
    parts: csr_array
    world: Vector

    def rows(self) -> pl.DataFrame:
        """A row per territory and partner; small partners are merged.

        Territories that share out the communes have partners of their own level; around perimeters,
        which may overlap, partners are places, less what the perimeter holds. Columns code,
        partner_level, partner_code, quantity, low, high, located_quantity, quantity_km.
        """
        ours = pl.Series(self.codes)
        is_partition = levels()[self.level].kind == "partition"
        central = self._between() if is_partition else self.flows[0] * self._outside
        territory, partner = np.nonzero(self._kept(central))
        if is_partition:
            kept = [self._of_pairs(flows, territory, partner) for flows in self.flows]
            partners: tuple[str | pl.Series, pl.Series] = (self.level, ours.gather(partner))
        else:
            outside = self._outside[territory, partner]
            kept = [flows[territory, partner] * outside for flows in self.flows]
            partners = (
                pl.Series(self.places.level).gather(partner),
                pl.Series(self.places.code).gather(partner),
            )
        own = [np.asarray(self.parts.multiply(flows).sum(1)) for flows in self.flows]
        rest = [
            np.maximum(flows.sum(1) - own_part - _added(territory, values, len(self.codes)), 0)
            for flows, own_part, values in zip(self.flows, own, kept, strict=True)
        ]
        named = _added(territory, central[territory, partner] ** 2, len(self.codes))
        merged = np.maximum(np.einsum("ij,ij->i", central, central) - named, 0)
        external = self.flows[0].sum(1) - own[0] + self.world
        merged_hhi = np.divide(merged, external**2, out=np.zeros_like(merged), where=external > 0)
        return pl.concat(
            [
                _partners(ours.gather(territory), *partners, kept[:-1], kept[-1]),
                # Rank 0 is there even where nothing is met at home.
                _partners(ours, self.level, ours, own[:-1], own[-1], is_kept=self._need > 0),
                _partners(ours, *ELSEWHERE, rest[:-1], rest[-1], merged_hhi),
                _partners(ours, *self.places.remainder, [self.world], None),
            ]
        )

    @cached_property
    def _outside(self) -> Matrix:
        """The share of each place that lies outside each territory."""
        outside: Matrix = np.maximum(1 - self.parts.toarray(), 0)
        return outside

    @cached_property
    def _need(self) -> Vector:
        """All that each territory needs (or makes)."""
        need: Vector = self.flows[0].sum(1) + self.world
        return need

    def _between(self) -> Matrix:
        """Central quantity by territory and partner of the level, oneself left out."""
        central = np.ascontiguousarray(self.flows[0].T)
        between: Matrix = np.ascontiguousarray((self.parts @ central).T)
        np.fill_diagonal(between, 0)
        return between

    def _kept(self, central: Matrix) -> NDArray[np.bool_]:
        """The partners of a notable share, and the first few in any case."""
        constants = parameter_values()
        kept: NDArray[np.bool_] = central >= constants["partner_share"] * self._need[:, None]
        first = min(int(constants["partners_listed"]), central.shape[1])
        np.put_along_axis(kept, np.argpartition(central, -first, axis=1)[:, -first:], True, axis=1)
        kept &= central > 0
        return kept

    def _of_pairs(
        self, flows: Matrix, territory: NDArray[np.int64], partner: NDArray[np.int64]
    ) -> Vector:
        """Quantity between territories of the level, for some pairs."""
        parts = self.parts[partner]
        pair = np.repeat(np.arange(len(partner)), np.diff(parts.indptr))
        values = flows[territory[pair], parts.indices] * parts.data
        return _added(pair, values, len(partner))


def _added(groups: NDArray[np.int64], values: Vector, count: int) -> Vector:
    sums: Vector = np.bincount(groups, values, count).astype(float)
    return sums


def _partners(
    code: Any,
    level: Any,
    partner: Any,
    values: list[Vector],
    km: Vector | None,
    merged_hhi: Vector | None = None,
    is_kept: NDArray[np.bool_] | None = None,
) -> pl.DataFrame:
    """Rows of partners: `values` by model, the central one first; no km where there is no road.

    Those that bring nothing are left out, unless they are to be kept.
    """
    return (
        _bounded(values, km)
        .select(
            "quantity",
            "low",
            "high",
            "quantity_km",
            code=_text(code),
            partner_level=_text(level),
            partner_code=_text(partner),
            merged_hhi=pl.lit(None, pl.Float64) if merged_hhi is None else pl.Series(merged_hhi),
            located_quantity=pl.lit(0.0) if km is None else pl.col("quantity"),
        )
        .filter(pl.col("quantity") >= _SMALLEST if is_kept is None else pl.Series(is_kept))
    )
