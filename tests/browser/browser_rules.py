"""Rules for pages, asked inside the browser."""

MIN_TARGET_PX = 44

SMALL_TARGETS = """(least) => {
  const wanted = 'button, a, [role=radio], summary, .hit, .stSelectbox [role=group]';
  const dot = '.far .site:not(.school, .chosen, .here)';
  const seen = (e) => e.getClientRects().length && !e.closest(dot);
  const name = (e) => (e.getAttribute('aria-label') || e.textContent).trim().slice(0, 30);
  return [...document.querySelectorAll(wanted)].filter(seen).map((e) => {
    const box = e.getBoundingClientRect();
    return [name(e), box.width, box.height];
  }).filter(([, width, height]) => width > 1 && (width < least - 0.5 || height < least - 0.5));
}"""
