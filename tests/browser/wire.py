"""A browser's side of Streamlit's websocket, byte for byte."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Subprotocol


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the page as it came over the wire."""

    session_id: str
    sent: bytes


def run_page(address: str, cookie: str, *, session_id: str = "") -> Run:
    """Open the websocket, let the page run once and return all that was sent.

    ``session_id`` asks to go on with a session that an earlier connection began.
    """
    parts = [Subprotocol(text) for text in ("streamlit", "x", session_id) if text]
    socket = connect(
        f"ws://localhost:{urlsplit(address).port}/_stcore/stream",
        additional_headers={"Cookie": cookie},
        subprotocols=parts,
        max_size=None,
        proxy=None,
    )
    asked = BackMsg()
    asked.rerun_script.query_string = ""
    frames, found = [], ""
    with socket:
        socket.send(asked.SerializeToString())
        while True:
            frame = socket.recv(timeout=60)
            assert isinstance(frame, bytes)
            frames.append(frame)
            message = ForwardMsg.FromString(frame)
            found = message.new_session.initialize.session_id or found
            if message.WhichOneof("type") == "script_finished":
                return Run(session_id=found, sent=b"".join(frames))
