"""Signing in and out in a real browser, and what a role change does to an open page."""

import pytest
from browser_rules import MIN_TARGET_PX, SMALL_TARGETS
from drawn_people import PASSWORD
from playwright.sync_api import Locator, expect

from famgeo.roles import Role

pytestmark = pytest.mark.browser

SIZES = [(1280, 800, False), (810, 1080, True), (1080, 810, True), (390, 844, True)]
FRAME = """(url) => {
  const frame = document.createElement('iframe');
  frame.src = url;
  document.body.append(frame);
}"""
END = ".st-key-controls input[type=range] >> nth=1"


def areas(page) -> Locator:
    return page.frame_locator("iframe").locator("path.area")


def move_the_end(page) -> None:
    page.locator(END).focus()
    page.keyboard.press("ArrowLeft")


def test_one_signs_in_by_keyboard_lands_where_one_wanted_and_leaves(guarded, chromium) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{guarded.address}/?place=s1")
    expect(page).to_have_title("Sign in – famgeo")
    page.keyboard.type("ben")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.frame_locator("iframe").locator(".legend li").first.wait_for(timeout=60_000)
    assert "place=s1" in page.url
    assert page.locator(".badge .who").inner_text() == "ben\nPlanner"
    assert page.evaluate("document.cookie").find("famgeo=") == -1

    page.locator(".badge button").click()
    page.get_by_text("You are signed out.").wait_for()
    page.goto(guarded.address)
    assert page.url.endswith("/sign-in")
    context.close()


def test_the_form_needs_no_script_and_says_what_went_wrong(guarded, chromium) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{guarded.address}/sign-in")
    page.get_by_label("Name").fill("cleo")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    assert "not right" in page.get_by_role("alert").inner_text()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_title("Streamlit")
    context.close()


@pytest.mark.parametrize(("width", "height", "touch"), SIZES)
def test_the_badge_has_its_place_on_every_screen(guarded, open_page, width, height, touch) -> None:
    token = guarded.token("dora")
    page = open_page(guarded.address, width, height, touch=touch, token=token)
    badge, where = page.locator(".badge"), page.locator(".answer .where")
    box = badge.bounding_box()
    assert box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= where.bounding_box()["y"] + 1
    assert box["x"] > page.locator('[data-testid="stHeaderLogo"]').bounding_box()["x"] + 100
    assert not touch or page.evaluate(SMALL_TARGETS, MIN_TARGET_PX) == []


@pytest.mark.parametrize(("width", "height", "touch"), SIZES)
def test_the_sign_in_page_fits_every_screen_and_finger(
    guarded, chromium, width, height, touch
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": height}, has_touch=touch, is_mobile=touch
    )
    page = context.new_page()
    page.goto(f"{guarded.address}/sign-in")
    assert page.evaluate(SMALL_TARGETS, MIN_TARGET_PX) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.get_by_role("button", name="Sign in").bounding_box()["y"] < height
    context.close()


def test_a_role_that_changes_takes_its_map_along(guarded, chromium) -> None:
    guarded.store.accounts.add_user("eve", Role.PLANNER)
    context = chromium.new_context()
    cookie = {"name": "famgeo", "value": guarded.token("eve"), "url": guarded.address}
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(guarded.address)
    expect(areas(page)).to_have_count(16)

    guarded.store.accounts.set_role("eve", Role.PRINCIPAL, school_ids=["s0"])
    move_the_end(page)
    page.get_by_text("eve Principal").wait_for()
    expect(page.locator("iframe")).to_have_count(1)
    expect(areas(page)).to_have_count(8)

    guarded.store.accounts.deactivate("eve")
    move_the_end(page)
    page.get_by_text("You are signed out.").wait_for()
    page.locator("iframe").wait_for(state="detached")
    assert "families" not in page.locator('[data-testid="stMain"]').inner_text()
    context.close()


def test_no_frame_of_another_page_holds_the_sign_in(guarded, chromium) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{guarded.address}/_stcore/health")
    page.evaluate(FRAME, f"{guarded.address}/sign-in")
    page.wait_for_timeout(1000)
    assert all("<form" not in frame.content() for frame in page.frames)
    context.close()
