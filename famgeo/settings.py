"""Settings from the environment, read by the command line and the app only."""

import os
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from famgeo.errors import StudyError


class Settings(BaseSettings):
    """What a machine's owner may set, each as an environment variable ``FAMGEO_…``.

    Raises ``StudyError`` naming the first variable that holds what it cannot.
    """

    model_config = SettingsConfigDict(env_prefix="FAMGEO_", extra="ignore", frozen=True)

    studies: Path = Field(default=Path(), description="the folder that holds the studies")
    study: Path | None = Field(default=None, description="the study the app opens")
    database: str | None = Field(
        default=None, description="the URL of a PostgreSQL database instead of SQLite"
    )
    threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, le=256)
    debug: bool = Field(default=False, description="show tracebacks of famgeo's own defects")

    def __init__(self) -> None:
        try:
            super().__init__()
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            message = (
                f"The environment variable FAMGEO_{str(fault['loc'][0]).upper()} is "
                f"'{fault['input']}': {fault['msg'].lower()}. Correct it or unset it."
            )
            raise StudyError(message) from None


def bundled() -> Path:
    """Return the folder that holds app.py, pages/, static/ and data/riverbend.

    Inside a wheel they travel in ``famgeo/bundled``; in a checkout they are at its root.
    """
    inside = Path(__file__).parent / "bundled"
    return inside if inside.is_dir() else Path(__file__).parent.parent
