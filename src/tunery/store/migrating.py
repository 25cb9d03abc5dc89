"""Bringing the tables of a workspace up to date, with Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, text

from tunery.i18n import _
from tunery.store.database import WRITING
from tunery.store.failures import StoreError

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x74756E6572792E31
"""Postgres's advisory lock that migrations are made under."""


def upgrade(engine: Engine) -> None:
    """Make the tables, or bring them up to date; nothing is done where they are. Several processes may try at once.

    Raises:
        StoreError: They are of a later version of Tunery.
    """
    head = ScriptDirectory(str(_FOLDER)).get_current_head()
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return
    with engine.execution_options(**{WRITING: True}).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            _("The workspace was made by a later version of Tunery: {reason}.").format(reason=error),
            _('Bring Tunery up to date: pip install --upgrade "tunery[app]"'),
        ) from error
