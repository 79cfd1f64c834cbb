"""The first page in a real browser: no stranger is asked, and a principal finds the answer."""

import re

import pytest
from browser_rules import MIN_TARGET_PX, SMALL_TARGETS

pytestmark = pytest.mark.browser

SIZES = [(1440, 900, False), (810, 1080, True), (1080, 810, True), (390, 844, True)]
PHONE_PX = 640
EAST_AREA = "path.area.no-way-home"
END = ".st-key-controls input[type=range] >> nth=1"


def test_the_answer_and_the_map_appear_and_no_stranger_is_asked(district, open_page) -> None:
    page = open_page(district)
    assert "about 160 of 320 families" in page.locator("h1").inner_text()
    frame = page.frame_locator("iframe")
    assert frame.locator("path.area").count() >= 16
    assert "OpenStreetMap contributors, ODbL" in frame.locator("body").inner_text()


def test_the_background_is_drawn_from_our_own_tiles(district, open_page) -> None:
    page = open_page(district)
    shades = page.frames[1].wait_for_function(
        """() => {
          const tiles = [...document.querySelectorAll('.leaflet-tile-pane canvas')];
          const shades = new Set(tiles.filter((t) => t.width).flatMap((t) =>
            [...t.getContext('2d').getImageData(0, 0, t.width, t.height).data]));
          return shades.size > 4 && shades.size;
        }"""
    )
    assert shades.json_value() > 4


def test_a_tap_on_an_area_says_why_nobody_gets_home(district, open_page) -> None:
    page = open_page(district)
    page.frame_locator("iframe").locator(EAST_AREA).first.click(position={"x": 12, "y": 12})
    page.locator(".panel dl").wait_for()
    said = page.locator(".panel").inner_text()
    assert "The last way home leaves before the meeting ends." in said
    assert re.search(r"Families here\s+about 20", said)


def test_moving_the_end_brings_the_far_bank_home_and_the_map_stays(district, open_page) -> None:
    page = open_page(district)
    frame = page.frames[1]
    frame.evaluate("window.same = true")
    assert frame.locator(EAST_AREA).count() >= 8

    page.locator(END).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.get_by_text("about 320 families live").wait_for()

    frame.wait_for_function("document.querySelectorAll('.areas path.no-way-home').length === 0")
    assert frame.evaluate("window.same") is True


def test_a_tap_on_a_place_moves_the_meeting_there(district, open_page) -> None:
    page = open_page(district)
    page.frame_locator("iframe").locator(".site.chosen .pin").first.click()
    page.get_by_text("can come to East Library").wait_for()
    assert "place=s1" in page.url


@pytest.mark.parametrize(("width", "height", "touch"), SIZES)
def test_every_screen_shows_answer_and_map_and_fits_a_finger(
    district, open_page, width, height, touch
) -> None:
    page = open_page(district, width, height, touch=touch)
    assert not touch or page.evaluate(SMALL_TARGETS, MIN_TARGET_PX) == []
    assert page.frames[1].evaluate(SMALL_TARGETS, MIN_TARGET_PX) == []

    main = page.locator('[data-testid="stMain"]')
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    assert page.locator("iframe").bounding_box()["y"] < height * (
        0.62 if width > PHONE_PX else 1.25
    )


def test_by_keyboard_the_focus_is_seen_and_the_map_is_passed_in_a_few_steps(
    district, open_page
) -> None:
    page = open_page(district)
    page.locator(END).focus()
    page.keyboard.press("ArrowRight")
    ring = "e => getComputedStyle(e.closest('[style*=\"translate(-50%\"]')).outlineWidth"
    assert page.locator(END).evaluate(ring) == "3px"

    page.frames[1].locator(".leaflet-container").focus()
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") != "IFRAME":
            return
    pytest.fail("the map keeps the keyboard")


def test_on_an_upright_tablet_the_sentence_is_above_the_map_and_the_panel_below(
    district, open_page
) -> None:
    page = open_page(district, 810, 1080, touch=True)
    tops = [page.locator(part).bounding_box()["y"] for part in (".now", "iframe", ".panel")]
    assert tops == sorted(tops)


def test_little_is_sent(district, chromium) -> None:
    sent = []
    page = chromium.new_page()
    page.on("websocket", lambda ws: ws.on("framereceived", lambda data: sent.append(len(data))))
    page.goto(district)
    page.frame_locator("iframe").locator(".legend li").first.wait_for(timeout=60_000)
    page.close()
    assert 0 < sum(sent) < 300_000
