// The background map: the study's own streets, drawn quietly on canvas so that colours laid over
// them stay readable. `famgeoGround(map, url, credit)` adds the ground below the colours and the
// names above them.
(() => {
  "use strict";

  const INK = "#5b6470";
  const HALO = "#ffffff";
  const FONT = "Inter, system-ui, sans-serif";
  const MAIN = /^(motorway|trunk|primary|secondary)(_link)?$/;
  const MIDDLE = /^(tertiary|tertiary_link|unclassified)$/;
  const PATH = /^(footway|path|steps|cycleway|bridleway|pedestrian|track|corridor)$/;
  const kind = (feature) => String(feature.props.kind || "");
  const isMain = (z, f) => MAIN.test(kind(f));
  const isMiddle = (z, f) => MIDDLE.test(kind(f));
  const isPath = (z, f) => PATH.test(kind(f));
  const isSmall = (z, f) => !isMain(z, f) && !isMiddle(z, f) && !isPath(z, f);
  const named = (test) => (z, f) => Boolean(f.props.name) && test(z, f);

  // Widths grow by half with each zoom; the numbers are pixels at zooms 12 and 17.
  const grow = (from, to) => (z) => from * (to / from) ** ((Math.min(z, 19) - 12) / 5);

  const line = (color, width, extra) =>
    new protomapsL.LineSymbolizer({ color, width, lineCap: "round", lineJoin: "round", ...extra });
  const fill = (color, extra) => new protomapsL.PolygonSymbolizer({ fill: color, ...extra });

  function paintRules() {
    const street = (test, color, width, minzoom) => ({
      dataLayer: "streets", symbolizer: line(color, width), filter: test, minzoom,
    });
    const polygon = (z, f) => f.geomType === 3;
    const water = "#cfdce4";
    return [
      { dataLayer: "parks", symbolizer: fill("#e1e9dc"), filter: polygon },
      { dataLayer: "water", symbolizer: fill(water), filter: polygon },
      { dataLayer: "water", symbolizer: line(water, grow(1, 4)), filter: (z, f) => f.geomType === 2 },
      { dataLayer: "buildings", symbolizer: fill("#e3e1dc"), minzoom: 15 },
      { dataLayer: "rail", symbolizer: line("#c9c7c3", grow(0.7, 2)) },
      { dataLayer: "streets", filter: isPath, minzoom: 15, symbolizer: line("#ffffff", () => 1.2) },
      street(isSmall, "#cfccc6", grow(1.4, 11), 13),
      street(isMiddle, "#c4c1ba", grow(2, 14)),
      street(isMain, "#aeaaa2", grow(3, 17)),
      street(isSmall, "#ffffff", grow(0.6, 9)),
      street(isMiddle, "#ffffff", grow(1, 12)),
      street(isMain, "#ffffff", grow(1.6, 14.5)),
    ];
  }

  function labelRules() {
    const text = (size, weight, extra) => ({
      labelProps: ["name"], fill: INK, stroke: HALO, width: 3,
      fontFamily: FONT, fontSize: size, fontWeight: weight, ...extra,
    });
    const along = (size, weight) =>
      new protomapsL.LineLabelSymbolizer({ ...text(size, weight), position: 2, repeatDistance: 420 });
    const street = (test, size, weight, minzoom) => ({
      dataLayer: "streets", symbolizer: along(size, weight), filter: named(test), minzoom,
    });
    const river = new protomapsL.LineLabelSymbolizer(
      text(11.5, 500, { fill: "#6c8797", stroke: "#e9eff2", fontStyle: "italic", position: 2, repeatDistance: 600 }));
    return [
      street(isMain, 11.5, 600, 12),
      { dataLayer: "water", symbolizer: river, minzoom: 12, filter: named((z, f) => f.geomType === 2) },
      street(isMiddle, 11, 500, 14),
      street(isSmall, 10.5, 500, 16),
    ];
  }

  function layer(url, options) {
    return protomapsL.leafletLayer({
      url, maxDataZoom: 14, maxZoom: 19, attribution: "", lang: "en", tileDelay: 1,
      tasks: ["500", "600", "italic 500"].map((style) => document.fonts.load(`${style} 12px Inter`)),
      ...options,
    });
  }

  window.famgeoGround = (map, url, credit) => {
    layer(url, { paintRules: paintRules(), attribution: credit }).addTo(map);
    layer(url, { labelRules: labelRules(), pane: "names" }).addTo(map);
  };
})();
