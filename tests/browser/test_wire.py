"""Steward, principal and nobody in one process: over the wire each is sent the own part only."""

import pytest
from websockets.exceptions import InvalidStatus
from wire import run_page

pytestmark = pytest.mark.network

WEST = [f"h{n:02d}".encode() for n in range(8)]
EAST = [f"h{n:02d}".encode() for n in range(8, 16)]


def cookie(guarded, name: str) -> str:
    return f"famgeo={guarded.token(name)}"


def test_after_a_steward_a_principal_is_sent_no_byte_of_the_rest(guarded) -> None:
    steward = run_page(guarded.address, cookie(guarded, "ada"))
    assert [area for area in WEST + EAST if area not in steward.sent] == []
    principal = run_page(guarded.address, cookie(guarded, "dora"))
    assert [area for area in WEST if area not in principal.sent] == []
    assert [area for area in EAST if area in principal.sent] == []


def test_a_steward_s_page_is_taken_up_by_the_steward_alone(guarded) -> None:
    steward, principal = cookie(guarded, "ada"), cookie(guarded, "dora")
    began = run_page(guarded.address, steward).session_id
    taken = run_page(guarded.address, principal, session_id=began)
    assert taken.session_id != began
    assert [area for area in EAST if area in taken.sent] == []
    assert run_page(guarded.address, steward, session_id=began).session_id == began


def test_a_partner_is_sent_nothing(guarded) -> None:
    began = run_page(guarded.address, cookie(guarded, "ada")).session_id
    for token in ("", "famgeo=made-up"):
        with pytest.raises(InvalidStatus, match="403"):
            run_page(guarded.address, token, session_id=began)


def test_no_page_names_a_session_s_token(guarded) -> None:
    own = cookie(guarded, "ben")
    assert own.removeprefix("famgeo=").encode() not in run_page(guarded.address, own).sent
