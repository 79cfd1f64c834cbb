"""Run the command line with every way out watched: ``watched.py LOG FOLDER``.

Imports all of famgeo, solves the sample district, looks it over, exports it; then writes what
tried to leave this process to LOG, as JSON.
"""

import importlib
import json
import os
import pkgutil
import sys
from pathlib import Path

WAYS_OUT = (
    *("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"),
    *("socket.sendmsg", "socket.bind", "urllib.Request", "http.client.connect", "ftplib.connect"),
    *("smtplib.connect", "webbrowser.open", "subprocess.Popen", "os.system", "os.exec", "os.spawn"),
    "os.posix_spawn",
)
COMMANDS = (
    ("demo", "--no-app"),
    ("check", "riverbend-demo"),
    (
        "export",
        "riverbend-demo",
        "--plan",
        "three-places",
        "--format",
        "csv,geojson",
        "--to",
        "out",
    ),
)


def main(log, folder):
    seen = []

    def watch(event, args):
        if event in WAYS_OUT:
            seen.append([event, [str(a)[:200] for a in args]])

    sys.addaudithook(watch)
    os.environ["FAMGEO_STUDIES"] = folder
    os.chdir(folder)
    import famgeo  # noqa: PLC0415 - watched too

    for module in pkgutil.walk_packages(famgeo.__path__, "famgeo."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    from famgeo.cli import app  # noqa: PLC0415

    codes = [app(list(command), prog_name="famgeo", standalone_mode=False) for command in COMMANDS]
    import pyproj  # noqa: PLC0415

    asks = pyproj.network.is_network_enabled()
    Path(log).write_text(json.dumps({"seen": seen, "codes": codes, "projections_ask": asks}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
