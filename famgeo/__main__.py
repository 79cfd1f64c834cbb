"""Run the command line with ``python -m famgeo``."""

from famgeo.cli import main

if __name__ == "__main__":
    main()
