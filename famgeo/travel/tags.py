"""What OpenStreetMap tags say about who may pass and how fast: data, one table for each mode.

Speeds are km/h. A class that is not listed cannot be used: motorways on foot, and everything
under construction, proposed or razed. Sources: the OpenStreetMap wiki's default access
restrictions; free-flow driving speeds lie between those of two well-known engines.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from famgeo.domain import Mode

GRANT = frozenset(
    {"yes", "designated", "permissive", "official", "public", "destination", "customers"}
)
REFUSE = frozenset(
    {
        "no",
        "private",
        "use_sidepath",
        "agricultural",
        "forestry",
        "military",
        "emergency",
        "permit",
        "restricted",
        "psv",
        "bus",
        "taxi",
        "hgv",
    }
)
MAIN_ROADS = frozenset(
    {
        "trunk",
        "trunk_link",
        "primary",
        "primary_link",
        "secondary",
        "secondary_link",
        "tertiary",
        "tertiary_link",
    }
)
UNPAVED = frozenset(
    {
        "unpaved",
        "gravel",
        "fine_gravel",
        "pebblestone",
        "cobblestone",
        "unhewn_cobblestone",
        "cobblestone:flattened",
        "dirt",
        "earth",
        "ground",
        "grass",
        "grass_paver",
        "mud",
        "sand",
        "rock",
        "rocks",
        "stone",
        "stepping_stones",
        "woodchips",
        "snow",
        "ice",
        "shells",
    }
)
PAVED = frozenset(
    {
        "paved",
        "asphalt",
        "chipseal",
        "concrete",
        "concrete:plates",
        "concrete:lanes",
        "paving_stones",
        "paving_stones:lanes",
        "bricks",
        "brick",
        "metal",
        "wood",
        "rubber",
        "tartan",
        "compacted",
        "tiles",
    }
)
ROUGH = frozenset({"bad", "very_bad", "horrible", "very_horrible", "impassable"})
WILD_CLASSES = frozenset({"path", "track", "bridleway"})
LEVEL_KERBS = frozenset({"", "flush", "lowered", "no"})
MAX_GRADE = 0.08

_WALLS = frozenset(
    {"wall", "fence", "hedge", "city_wall", "retaining_wall", "ditch", "guard_rail", "yes"}
)
_STEP_TRAPS = frozenset(
    {
        "stile",
        "turnstile",
        "full-height_turnstile",
        "kissing_gate",
        "cycle_barrier",
        "motorcycle_barrier",
        "horse_stile",
        "wicket_gate",
        "chain",
        "rope",
        "log",
        "debris",
        "step",
        "jersey_barrier",
        "kerb",
    }
)
_CAR_STOPS = frozenset(
    {
        "bollard",
        "block",
        "barrier_board",
        "planter",
        "chain",
        "rope",
        "log",
        "debris",
        "jersey_barrier",
        "stile",
        "turnstile",
        "full-height_turnstile",
        "kissing_gate",
        "cycle_barrier",
        "motorcycle_barrier",
        "horse_stile",
        "wicket_gate",
        "step",
        "spikes",
        "bus_trap",
        "sump_buster",
        "chicane",
        "swing_gate",
        "hampshire_gate",
    }
)


def _same(speed: float, names: str) -> dict[str, float]:
    return dict.fromkeys(names.split(), speed)


_STREETS = (
    "primary primary_link secondary secondary_link tertiary tertiary_link unclassified "
    "residential living_street service road"
)
_FOOTWAYS = "footway pedestrian path track bridleway cycleway corridor platform elevator crossing"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The rules of one mode.

    share : usable class → share of the mode's own speed in ``Limits``; drive has km/h instead.
    on_foot : class → share of walking speed, for a bicycle that is pushed there.
    asks : classes that need a yes of their own in one of ``keys``.
    keys : access tags, the most specific first; ``access`` itself never grants.
    stops : node barriers that end a way unless the node grants passage.
    delay_s : seconds lost at a node, by its ``highway`` tag.
    no_snap : classes a trip never starts or ends on.
    """

    share: Mapping[str, float]
    keys: tuple[str, ...]
    stops: frozenset[str]
    on_foot: Mapping[str, float] = field(default_factory=dict)
    asks: frozenset[str] = frozenset()
    delay_s: Mapping[str, float] = field(default_factory=dict)
    no_snap: frozenset[str] = frozenset()


_WALK = Profile(
    share=_same(1.0, f"{_STREETS} {_FOOTWAYS} steps trunk trunk_link busway bus_guideway"),
    asks=frozenset({"busway", "bus_guideway"}),
    keys=("foot", "access"),
    stops=_WALLS,
)
_WHEELCHAIR = Profile(
    share=_same(1.0, f"{_STREETS} {_FOOTWAYS} trunk trunk_link"),
    keys=("foot", "access"),
    stops=_WALLS | _STEP_TRAPS,
)
_BIKE = Profile(
    share=_same(1.0, f"{_STREETS} cycleway trunk trunk_link")
    | _same(0.8, "living_street service path busway")
    | _same(0.7, "track footway pedestrian bridleway"),
    on_foot=_same(1.0, "footway pedestrian platform corridor crossing") | {"steps": 0.5},
    asks=frozenset({"trunk", "trunk_link", "busway", "bridleway", "footway", "pedestrian"}),
    keys=("bicycle", "vehicle", "access"),
    stops=_WALLS | {"stile", "turnstile", "full-height_turnstile", "horse_stile", "debris"},
    delay_s=MappingProxyType({"traffic_signals": 5.0}),
)
_DRIVE = Profile(
    share={
        "motorway": 98.0,
        "motorway_link": 52.0,
        "trunk": 80.0,
        "trunk_link": 45.0,
        "primary": 62.0,
        "primary_link": 38.0,
        "secondary": 54.0,
        "secondary_link": 34.0,
        "tertiary": 45.0,
        "tertiary_link": 30.0,
        "unclassified": 35.0,
        "residential": 30.0,
        "living_street": 10.0,
        "service": 16.0,
        "road": 30.0,
        "track": 12.0,
    },
    asks=frozenset({"track"}),
    keys=("motorcar", "motor_vehicle", "vehicle", "access"),
    stops=_WALLS | _CAR_STOPS,
    delay_s=MappingProxyType(
        {"traffic_signals": 6.0, "stop": 4.0, "give_way": 2.0, "mini_roundabout": 2.0}
    ),
    no_snap=frozenset({"motorway", "motorway_link", "trunk_link"}),
)
PROFILES: Mapping[Mode, Profile] = MappingProxyType(
    {Mode.WALK: _WALK, Mode.WHEELCHAIR: _WHEELCHAIR, Mode.BIKE: _BIKE, Mode.DRIVE: _DRIVE}
)
