"""OpenStreetMap files, read: streets to travel on, a map to draw, places to meet.

Map data © OpenStreetMap contributors, ODbL 1.0.
"""

from famgeo.sources.osm_basemap import read_basemap
from famgeo.sources.osm_pois import read_pois
from famgeo.sources.osm_streets import read_streets

__all__ = ["read_basemap", "read_pois", "read_streets"]
