"""Releases and plans as JSON documents and back, to the last bit of every coordinate."""

import json
from collections.abc import Callable, Hashable
from dataclasses import asdict
from typing import Any, TypeVar

import geopandas as gpd
import pandas as pd
import shapely

from famgeo.errors import StudyError
from famgeo.tables import (
    HOME_AREAS,
    NEIGHBORHOODS,
    ONE_WAY,
    SITES,
    Headline,
    Release,
    ReleasedPlan,
    check,
)

T = TypeVar("T", Release, ReleasedPlan)


def release_to_json(release: Release) -> str:
    """Write a release as JSON; geometry is hexadecimal WKB."""
    return json.dumps(
        {
            "release_id": release.release_id,
            "study": release.study,
            "k": release.k,
            "home_areas": _rows(release.home_areas),
            "unmapped": release.unmapped,
            "neighborhoods": _rows(release.neighborhoods),
            "tables": release.tables.to_dict("records"),
            "plans": [_plan_document(plan) for plan in release.plans],
        },
        ensure_ascii=False,
        allow_nan=False,
    )


def release_from_json(text: str) -> Release:
    """Read a release as ``release_to_json`` wrote it; an older one has no neighborhoods.

    Raises ``StudyError`` when the document is damaged.
    """
    return _read(text, _release)


def _release(document: dict[str, Any]) -> Release:
    plans = tuple(_plan(plan) for plan in document.pop("plans"))
    areas = _frame(document.pop("home_areas"), list(HOME_AREAS.columns))
    areas = check(areas.astype({"home_area_id": str, "families": int}), HOME_AREAS)
    document["neighborhoods"] = _neighborhoods(document.get("neighborhoods", []))
    document["tables"] = _tables(document.get("tables", []))
    return Release(**document, home_areas=areas, plans=plans)


def plan_to_json(plan: ReleasedPlan) -> str:
    """Write a released plan as JSON."""
    return json.dumps(_plan_document(plan), ensure_ascii=False, allow_nan=False)


def plan_from_json(text: str) -> ReleasedPlan:
    """Read a released plan as ``plan_to_json`` wrote it; raises ``StudyError`` when damaged."""
    return _read(text, _plan)


def _read(text: str, make: Callable[[dict[str, Any]], T]) -> T:
    try:
        return make(json.loads(text))
    except Exception as error:  # every library below has errors of its own for what is damaged
        message = "What is stored of a release is damaged. Put back study.db from your backup."
        raise StudyError(message) from error


def _neighborhoods(rows: list[dict[str, object]]) -> gpd.GeoDataFrame:
    frame = _frame(rows, list(NEIGHBORHOODS.columns))
    texts = dict.fromkeys(("neighborhood_id", "home_area_ids"), str)
    return check(frame.astype({**texts, "families": int}), NEIGHBORHOODS)


def _tables(rows: list[dict[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(ONE_WAY.columns))
    texts = dict.fromkeys(("attribute", "neighborhood_id", "category"), str)
    return check(frame.astype({**texts, "families": int}), ONE_WAY)


def _plan_document(plan: ReleasedPlan) -> dict[str, object]:
    return {
        "name": plan.name,
        "meetings": list(plan.meetings),
        "headline": asdict(plan.headline),
        "sites": _rows(plan.sites),
        "settings": plan.settings,
    }


def _plan(document: dict[str, Any]) -> ReleasedPlan:
    sites = _frame(document["sites"], [*SITES.columns, "reached"])
    numbers = {"capacity": float, "cost_usd": float, "reached": "Int64"}
    texts = dict.fromkeys(set(SITES.columns) - {"geometry", *numbers}, str)
    return ReleasedPlan(
        name=document["name"],
        meetings=tuple(document["meetings"]),
        headline=Headline(**document["headline"]),
        sites=sites.astype({**texts, **numbers}),
        settings=document["settings"],
    )


def _rows(frame: gpd.GeoDataFrame) -> list[dict[Hashable, Any]]:
    plain = pd.DataFrame(frame.drop(columns="geometry"))
    plain["geometry"] = shapely.to_wkb(frame.geometry.to_numpy(), hex=True)
    objects = plain.astype(object)
    return objects.where(objects.notna(), None).to_dict("records")


def _frame(rows: list[dict[str, object]], columns: list[str]) -> gpd.GeoDataFrame:
    plain = pd.DataFrame(rows, columns=columns)
    shapes = shapely.from_wkb(plain.pop("geometry").to_numpy(object))
    return gpd.GeoDataFrame(plain, geometry=shapes, crs="EPSG:4326")[columns]
