// The map of a study: home areas coloured by minutes, schools, and places to meet.
//
//   famgeo.open(map, world)   once, with what never changes: shapes, places, words
//   famgeo.paint(view)        on every change: colours, labels, the chosen places, the legend
//
// Texts become text nodes only, never HTML, so a name cannot run as a script.
(() => {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const PIN_ZOOM = 14.5;
  const COARSE = window.matchMedia("(pointer: coarse)").matches;
  let map, world, renderer, legend, ring;
  let areas = new Map();
  let pins = new Map();
  let view = null;

  const element = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  };

  function pane(name, zIndex, className) {
    const made = map.createPane(name);
    made.style.zIndex = zIndex;
    if (className) made.classList.add(className);
    return made;
  }

  // ---- home areas -----------------------------------------------------------------------------

  function shape(tag, attributes, parent) {
    const made = document.createElementNS(SVG, tag);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    parent.appendChild(made);
    return made;
  }

  function hatch(defs, id, className, lines) {
    const pattern = shape("pattern", { id, width: TILE, height: TILE, patternUnits: "userSpaceOnUse" }, defs);
    shape("rect", { width: TILE, height: TILE, class: `${className}-ground` }, pattern);
    shape("path", { d: lines, class: `${className}-lines` }, pattern);
  }

  const TILE = 11;
  const SLANT = "M-1 12 12 -1M-1 1 1 -1M10 12 12 10";
  const CROSS = `${SLANT}M-1 -1 12 12M-1 10 1 12M10 -1 12 1`;

  function addHatches() {
    const defs = document.createElementNS(SVG, "defs");
    renderer._container.prepend(defs);
    hatch(defs, "no-way-home", "hatch", SLANT);
    hatch(defs, "no-way-there", "hatch", CROSS);
  }

  function addAreas() {
    renderer = L.svg({ pane: "areas", padding: 0.5 });
    renderer.addTo(map);
    addHatches();
    for (const [id, rings] of world.areas) {
      const drawn = L.polygon(rings, { renderer, pane: "areas", className: "area blank" });
      drawn.addTo(map);
      drawn.bindTooltip(element("span", "", ""), { sticky: true, direction: "top", className: "tip" });
      drawn.on("click", (event) => { L.DomEvent.stop(event); choose("area", id); });
      areas.set(id, drawn);
    }
  }

  function paintAreas() {
    for (const [id, drawn] of areas) {
      const look = view.classes[id] || "blank";
      const path = drawn.getElement();
      if (path && drawn.look !== look) {
        path.setAttribute("class", `area ${look} leaflet-interactive`);
        path.setAttribute("tabindex", "-1"); // the table is the way by keyboard, not 200 stops here
        drawn.look = look;
      }
      drawn.setTooltipContent(element("span", "", view.labels[id] || ""));
    }
    if (ring) ring.remove();
    const chosen = areas.get(view.area);
    ring = chosen && L.polygon(chosen.getLatLngs(), { pane: "ring", className: "ring", interactive: false });
    if (ring) ring.addTo(map);
  }

  // ---- places ---------------------------------------------------------------------------------

  function sign(site, number) {
    const hit = element("div", "hit");
    const pin = element("div", "pin");
    hit.appendChild(pin);
    if (number) {
      pin.appendChild(element("b", "", String(number)));
      return hit;
    }
    const svg = shape("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, pin);
    shape("path", { d: famgeoSigns[site.kind] || famgeoSigns.other }, svg);
    return hit;
  }

  function look(site) {
    const number = view.chosen.indexOf(site.id) + 1;
    const parts = ["site"];
    if (site.kind === "school") parts.push("school");
    if (number) parts.push("chosen");
    if (site.id === view.place) parts.push("here");
    return { number, className: parts.join(" "), rank: number ? 800 : 0 };
  }

  function addPin(site) {
    const marker = L.marker([site.lat, site.lon], { keyboard: false, riseOnHover: true });
    marker.bindTooltip(element("span", "", site.name), { direction: "top", offset: [0, -16], className: "tip" });
    marker.on("click", () => choose("site", site.id));
    marker.site = site;
    pins.set(site.id, marker);
  }

  function paintPins() {
    for (const marker of pins.values()) {
      const { number, className, rank } = look(marker.site);
      const key = `${className} ${number}`;
      if (marker.key === key) continue;
      marker.key = key;
      marker.setIcon(L.divIcon({ className, html: sign(marker.site, number), iconSize: [44, 44] }));
      marker.setZIndexOffset(marker.site.id === view.place ? 1000 : rank);
      if (!map.hasLayer(marker)) marker.addTo(map);
    }
  }

  // Far out, places to meet that nobody chose are dots that let a finger through to the area.
  function onZoom() {
    map.getContainer().classList.toggle("far", map.getZoom() < PIN_ZOOM);
  }

  // ---- legend and controls --------------------------------------------------------------------

  function addLegend() {
    const box = map.getContainer();
    legend = element("section", "legend");
    legend.setAttribute("aria-label", world.words.legend);
    L.DomEvent.disableClickPropagation(legend);
    box.append(legend);
    const lift = () => box.style.setProperty("--legend", `${legend.offsetHeight}px`);
    new ResizeObserver(lift).observe(legend);
  }

  function swatch(lookName) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 26 16");
    svg.setAttribute("aria-hidden", "true");
    shape("rect", { x: 1, y: 1, width: 24, height: 14, rx: 2, class: `area ${lookName}` }, svg);
    return svg;
  }

  // What the pins mean: a row for each kind of pin on the map.
  function signs() {
    const list = element("ul", "signs");
    const all = world.sites;
    const shown = { chosen: view.chosen.length, school: all.some((s) => s.kind === "school"), place: all.some((s) => s.kind !== "school") };
    for (const [sign, words] of Object.entries(world.words.signs)) {
      if (!shown[sign]) continue;
      const row = element("li");
      row.append(element("i", `mark ${sign}`), element("span", "", words));
      list.append(row);
    }
    return list;
  }

  function paintLegend() {
    legend.replaceChildren(element("h2", "", view.legend.title), signs());
    const list = element("ul", "colours");
    for (const [lookName, words] of view.legend.rows) {
      const row = element("li");
      row.append(swatch(lookName), element("span", "", words));
      list.append(row);
    }
    legend.append(list);
  }

  // One finger scrolls the page and two move the map, so that the map never traps a finger.
  function keepPageScrolling() {
    const box = map.getContainer();
    map.scrollWheelZoom.disable();
    map.on("focus click", () => map.scrollWheelZoom.enable());
    box.addEventListener("mouseleave", () => map.scrollWheelZoom.disable());
    if (!COARSE) return;
    map.dragging.disable();
    const hint = element("div", "hint", world.words.two_fingers);
    box.append(hint);
    box.addEventListener("touchmove", (event) => hint.classList.toggle("shown", event.touches.length === 1), { passive: true });
    box.addEventListener("touchend", () => hint.classList.remove("shown"), { passive: true });
  }

  // ---- talking to the page --------------------------------------------------------------------

  function choose(kind, id) {
    if (!window.Streamlit || !window.__GLOBAL_DATA__) return;
    const value = { last_active_drawing: { kind, id, at: Date.now() } };
    window.__GLOBAL_DATA__.last_active_drawing = value.last_active_drawing;
    window.__GLOBAL_DATA__.previous_data = value;
    window.Streamlit.setComponentValue(value);
  }

  // ---- the two verbs --------------------------------------------------------------------------

  function open(leafletMap, everything) {
    map = leafletMap;
    world = everything;
    areas = new Map();
    pins = new Map();
    map.attributionControl.setPrefix(false);
    map.zoomControl.setPosition("topright");
    pane("areas", 350, "areas");
    pane("ring", 420);
    pane("names", 450, "names");
    if (world.ground) famgeoGround(map, world.ground, world.words.credit);
    addAreas();
    world.sites.forEach(addPin);
    L.control.scale({ position: "bottomright", maxWidth: 120 }).addTo(map);
    addLegend();
    keepPageScrolling();
    map.on("zoomend", onZoom);
    onZoom();
    new ResizeObserver(() => map.invalidateSize()).observe(map.getContainer());
    if (view) paint(view);
  }

  function paint(next) {
    view = next;
    if (!map) return;
    paintAreas();
    paintPins();
    paintLegend();
  }

  window.famgeo = { open, paint };
})();
