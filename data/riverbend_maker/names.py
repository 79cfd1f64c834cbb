"""Hold the words streets are named with: plants, birds, stones and weather; never people."""

THEMES = {
    "trees": "Elm Oak Maple Cedar Ash Birch Linden Walnut Hickory Locust Poplar Sycamore Catalpa "
    "Mulberry Juniper Hawthorn Redbud Buckeye Pecan Spruce",
    "birds": "Plover Bobolink Dickcissel Kestrel Meadowlark Killdeer Oriole Tanager Swallow Wren "
    "Bunting Grebe Avocet Curlew Harrier Nuthatch Vireo Sandpiper Sora Kinglet Egret "
    "Osprey Cardinal Longspur Flicker Pelican Godwit Whimbrel Towhee Pipit Redstart",
    "flowers": "Aster Bluestem Coneflower Larkspur Milkweed Primrose Goldenrod Blazingstar "
    "Foxglove Clover Indigo Bluebell Yarrow Vervain Bergamot Columbine Gentian Lupine Phlox "
    "Sagewort Switchgrass Thistle Verbena Windflower Sneezeweed Gayfeather Tickseed "
    "Penstemon Mallow",
    "stones": "Agate Flint Granite Limestone Marble Opal Quartz Slate Basalt Chalk Dolomite "
    "Feldspar Garnet Gypsum Mica Onyx Pyrite Sandstone Shale Topaz Tuff",
    "works": "Cannery Boiler Foundry Kiln Loom Lantern Anvil Barge Beacon Bobbin Chain Anchor "
    "Ferry Hawser Rudder Spindle Tannery Timber Towpath Wharf Winch Pulley Trestle",
    "weather": "Breeze Cloudburst Daybreak Drizzle Dusk Frost Harvest Hailstone Moonrise Rainbow "
    "Snowfall Solstice Starlight Summer Sunrise Thunder Twilight Windmill Zephyr Aurora "
    "Equinox Evening Meridian Morning Overlook Panorama Skyline Summit Terrace Vista",
    "farm": "Barley Buttermilk Cornflower Creamery Granary Haymow Homestead Millet Orchard "
    "Pasture Plowshare Quince Rye Saddle Sorghum Stable Threshing Trellis Wheatfield "
    "Wagon Apple Pear Plum Cherry Damson Nectar Honeycomb Clover Hedgerow Stile Paddock "
    "Furrow Alfalfa",
}
SUFFIXES = {
    "town": ("St", "St", "St"),
    "avenue": ("Ave", "Ave", "Ave"),
    "suburb": ("Dr", "Ln", "Way", "Rd", "Dr", "Ln"),
    "court": ("Ct", "Pl", "Ct", "Cir"),
}


class Names:
    """Give out street names of a theme, each once in town; when words run out they pair up."""

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._turn = 0

    def take(self, theme: str, kind: str) -> str:
        """Return the next free name, such as ``Larkspur Ln``."""
        words = THEMES[theme].split()
        pairs = (
            f"{second} {first}"
            for first in ("Creek", "Hill", "Hollow", "Run", "Point", "Ridge", "Glen")
            for second in words
        )
        suffixes = SUFFIXES[kind]
        for word in (*words, *pairs):
            if word not in self._given:
                self._given.add(word)
                self._turn += 1
                return f"{word} {suffixes[self._turn % len(suffixes)]}"
        message = f"The theme '{theme}' has no words left."
        raise ValueError(message)


def ordinal(number: int) -> str:
    """Spell a street number: 1st, 2nd, 3rd, 4th."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number if number < 20 else number % 10, "th")
    return f"{number}{ending}"
