"""A place with a hostile name is a place with a strange name, and nothing else."""

import pytest
from serving import served
from test_maps import PAYLOADS

pytestmark = pytest.mark.browser

NAMES = [name.replace("\x00", "") or "empty" for name in PAYLOADS]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory):
    with served(tmp_path_factory.mktemp("hostile"), *NAMES) as address:
        yield address


def test_no_name_runs_and_every_name_is_read_as_written(hostile, open_page) -> None:
    page = open_page(hostile)
    frame = page.frames[1]
    tips = frame.evaluate(
        """() => {
          const found = [];
          map_div.eachLayer((layer) => {
            if (!layer.site) return;
            layer.openTooltip();
            found.push(layer.getTooltip().getElement().textContent);
          });
          return found;
        }"""
    )
    assert sorted(tips) == sorted(["West School", *NAMES])
    page.wait_for_timeout(500)
    assert frame.evaluate("document.querySelectorAll('.tip *:not(span)').length") == 0


def test_a_hostile_name_in_the_list_and_the_sentence_is_text(hostile, open_page) -> None:
    page = open_page(f"{hostile}/?place=s5")
    assert page.locator(".now").count() == 1
    assert page.locator(".now img, .now script, .places img, .places script").count() == 0
