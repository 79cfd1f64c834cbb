// The background map: the study's own streets, drawn quietly on canvas so that colours laid over
// them stay readable. `famgeoGround(map, url, credit)` adds the ground below the colours and the
// names above them.
(() => {
  "use strict";

  const INK = "#5b6470";
  const HALO = "#ffffff";
  const FONT = "Inter, system-ui, sans-serif";
  const PATH = /^(footway|path|steps|cycleway|bridleway|pedestrian|track|corridor)$/;
  const kind = (feature) => String(feature.props.kind || "");
  const isPath = (z, f) => PATH.test(kind(f));
  const isStreet = (z, f) => !isPath(z, f);
  const isNamed = (z, f) => Boolean(f.props.name);

  // Widths grow by half with each zoom; the numbers are pixels at zooms 12 and 17.
  const grow = (from, to) => (z) => from * (to / from) ** ((Math.min(z, 19) - 12) / 5);

  const line = (color, width, extra) =>
    new protomapsL.LineSymbolizer({ color, width, lineCap: "round", lineJoin: "round", ...extra });
  const fill = (color, extra) => new protomapsL.PolygonSymbolizer({ fill: color, ...extra });

  function paintRules() {
    const street = (dataLayer, color, width, minzoom) => ({
      dataLayer, symbolizer: line(color, width), filter: isStreet, minzoom,
    });
    const polygon = (z, f) => f.geomType === 3;
    const water = "#cfdce4";
    return [
      { dataLayer: "parks", symbolizer: fill("#e1e9dc"), filter: polygon },
      { dataLayer: "water", symbolizer: fill(water), filter: polygon },
      { dataLayer: "water", symbolizer: line(water, grow(1, 4)), filter: (z, f) => f.geomType === 2 },
      { dataLayer: "buildings", symbolizer: fill("#e3e1dc"), minzoom: 15 },
      { dataLayer: "rail", symbolizer: line("#c9c7c3", grow(0.7, 2)) },
      { dataLayer: "small_streets", filter: isPath, minzoom: 15, symbolizer: line("#ffffff", () => 1.2) },
      street("small_streets", "#cfccc6", grow(1.4, 11), 13),
      street("middle_streets", "#c4c1ba", grow(2, 14)),
      street("main_streets", "#aeaaa2", grow(3, 17)),
      street("small_streets", "#ffffff", grow(0.6, 9)),
      street("middle_streets", "#ffffff", grow(1, 12)),
      street("main_streets", "#ffffff", grow(1.6, 14.5)),
    ];
  }

  function labelRules() {
    const text = (size, weight, extra) => ({
      labelProps: ["name"], fill: INK, stroke: HALO, width: 3,
      fontFamily: FONT, fontSize: size, fontWeight: weight, ...extra,
    });
    const along = (size, weight) =>
      new protomapsL.LineLabelSymbolizer({ ...text(size, weight), position: 2, repeatDistance: 420 });
    const street = (dataLayer, size, weight, minzoom) => ({
      dataLayer, symbolizer: along(size, weight), filter: isNamed, minzoom,
    });
    const river = new protomapsL.LineLabelSymbolizer(
      text(11.5, 500, { fill: "#6c8797", stroke: "#e9eff2", fontStyle: "italic", position: 2, repeatDistance: 600 }));
    return [
      street("main_streets", 11.5, 600, 12),
      { dataLayer: "water", symbolizer: river, minzoom: 12, filter: (z, f) => f.geomType === 2 && isNamed(z, f) },
      street("middle_streets", 11, 500, 14),
      street("small_streets", 10.5, 500, 16),
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
