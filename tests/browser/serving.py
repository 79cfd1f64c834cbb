"""Serving a drawn district for a test, in a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SERVER = Path(__file__).with_name("serve_drawn.py")


@contextmanager
def served(folder: Path, *names: str, port: int = 0, **settings: str) -> Iterator[str]:
    """Serve a drawn district with places of these names; stop the server afterwards.

    Settings are those of ``famgeo.settings``, such as ``sign_in="local"``. It runs in the folder,
    where it finds ``.streamlit/secrets.toml``.
    """
    environment = {f"FAMGEO_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, str(SERVER), str(folder), str(port), *names]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=os.environ | environment, cwd=folder
    ) as server:
        try:
            assert server.stderr is not None
            said = ""
            for line in server.stderr:
                said += line
                if found := re.search(r"http://localhost:\d+", line):
                    yield found.group()
                    break
            else:
                pytest.fail(f"the server did not start: {said}")
        finally:
            server.terminate()
            server.wait(20)
