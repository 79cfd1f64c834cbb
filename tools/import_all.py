"""Import every module of the installed famgeo, so that a missing dependency shows."""

import importlib
import pkgutil

import famgeo

modules = [found.name for found in pkgutil.walk_packages(famgeo.__path__, "famgeo.")]
for module in modules:
    if not module.endswith("__main__") and ".bundled" not in module:
        importlib.import_module(module)
print(f"{len(modules)} modules of {famgeo.__path__[0]} import.")
