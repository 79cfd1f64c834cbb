"""The app's process cannot open a vault: not by import, by path or through another database.

Import rules keep a page from naming the vault. This keeps the whole process from reaching it in a
roundabout way as well, by a folder's path or by a module's name put together at run time. It stops
mistakes, not a program that means harm: that is what file permissions are for.
"""

import os
import re
import sys

VAULT_FILES = re.compile(r"vault\.(?:db|erased)|(?:^|[/\\.])trips-[0-9a-f]", re.IGNORECASE)
VAULT_CODE = re.compile(r"famgeo[/\\](?:store[/\\](?:vault|published)|cli[/\\])")
OPENING = frozenset({"open", "sqlite3.connect", "os.link", "os.symlink", "os.rename"})


def keep_out() -> None:
    """Refuse, in this process and from now on, to run the vault's code and to open its files."""
    sys.addaudithook(_refuse)


def _refuse(event: str, args: tuple[object, ...]) -> None:
    opens = event in OPENING and VAULT_FILES.search(_text(args[0]))
    if opens or (event == "exec" and VAULT_CODE.search(getattr(args[0], "co_filename", ""))):
        message = "The app cannot open a vault."
        raise PermissionError(message)


def _text(path: object) -> str:
    return os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
