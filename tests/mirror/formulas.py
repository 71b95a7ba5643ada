"""The formulas of the methods (sections 2, 3.1, 6 and 7), written out in plain Python."""

import math
from collections.abc import Sequence

import pandas as pd

Z = 1.96


def spread(external: Sequence[float]) -> dict[str, float | None]:
    """How a need is spread over outside partners (one quantity each)."""
    whole = sum(external)
    if whole == 0:
        return {
            "jobs_partner_hhi": None,
            "jobs_effective_partners": 0,
            "jobs_partner_entropy": None,
            "jobs_partner_evenness": None,
            "jobs_partners_50": 0,
            "jobs_partners_80": 0,
        }
    shares = sorted((one / whole for one in external), reverse=True)
    hhi = sum(share**2 for share in shares)
    entropy = -sum(share * math.log(share) for share in shares)
    return {
        "jobs_partner_hhi": hhi,
        "jobs_effective_partners": 1 / hhi,
        "jobs_partner_entropy": entropy,
        "jobs_partner_evenness": entropy / math.log(len(shares)) if len(shares) > 1 else None,
        "jobs_partners_50": reaching(external, 0.5),
        "jobs_partners_80": reaching(external, 0.8),
    }


def reaching(external: Sequence[float], part: float) -> int:
    """The smallest number of partners that carry this part of the whole."""
    # Quantities are hundredths of people: what is left is noise of the sums.
    wanted = part * sum(external) - 1e-6
    carried = 0.0
    for count, quantity in enumerate(sorted(external, reverse=True), start=1):
        carried += quantity
        if carried >= wanted:
            return count
    raise AssertionError("the partners do not add up")


def of_residence(partners: pd.DataFrame, *, closed: bool) -> dict[str, float | None]:
    """The indicators of one territory, from the list of where its residents work."""
    own = partners["is_own"]
    demand = partners["quantity"].sum()
    internal = partners.loc[own, "quantity"].sum()
    external = partners.loc[~own, "quantity"]
    abroad = partners.loc[partners["partner_level"] == "foreign", "quantity"].sum()
    return {
        "employed_residents": demand,
        "internal_commuters": internal,
        "commuters_out": external.sum(),
        "job_self_containment": 100 * internal / demand,
        "jobs_external_dependence": 100 * external.sum() / demand,
        # A file of inner pairs says nothing of those who leave.
        "cross_border_share": None if closed else 100 * abroad / demand,
        **spread(external.tolist()),
    }


def of_workplace(partners: pd.DataFrame, demand: float | None) -> dict[str, float | None]:
    """The indicators of one territory, from the list of where its workers live."""
    own = partners["is_own"]
    supply = partners["quantity"].sum()
    internal = partners.loc[own, "quantity"].sum()
    return {
        "jobs_held": supply,
        "commuters_in": supply - internal,
        "job_self_sufficiency": 100 * internal / supply,
        "job_concentration_index": 100 * supply / demand if demand else None,
    }


def byar(count: float, unit: float) -> tuple[float, float]:
    """Approximate 95 % interval of a count of which each answer stands for `unit` people."""
    n = count / unit
    low = count * (1 - 1 / (9 * n) - Z / (3 * math.sqrt(n))) ** 3
    high = unit * (n + 1) * (1 - 1 / (9 * (n + 1)) + Z / (3 * math.sqrt(n + 1))) ** 3
    return max(0.0, low), high


def wilson(share: float, n: float) -> tuple[float, float]:
    """Interval of a share of `n` answers."""
    centre = share + Z**2 / (2 * n)
    half = Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return (centre - half) / (1 + Z**2 / n), (centre + half) / (1 + Z**2 / n)


def road_km(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Great-circle distance with the detour of roads."""
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    a = (
        math.sin((phi_b - phi_a) / 2) ** 2
        + math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    )
    return 1.3 * 2 * 6371.0088 * math.asin(math.sqrt(a))


def own_km(area_km2: float) -> float:
    """Mean distance between two places of a territory."""
    return 1.3 * 0.511 * math.sqrt(area_km2)
