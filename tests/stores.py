"""Postgres and object storage for tests: the real server from the system's package, and an S3-compatible one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)


def postgres_is_installed() -> bool:
    """Say whether there is a Postgres to start."""
    return bool(_BINARIES) or shutil.which("initdb") is not None


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Start a Postgres whose data lie in ``folder``; yield the URL of its first database."""
    server = Postgres(folder)
    server.start()
    try:
        yield server.url("postgres")
    finally:
        server.stop()


class Postgres:
    """A server of its own, on a socket in ``folder``; it can be stopped hard and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        folder.mkdir(parents=True, exist_ok=True)
        if os.getuid() == 0:
            # Postgres refuses to run as root.
            shutil.chown(folder, "postgres")
            for parent in folder.parents:
                if parent.stat().st_uid == 0 and len(parent.parts) > 2:
                    parent.chmod(parent.stat().st_mode | 0o055)
        self._run(
            "initdb", "-D", str(self._data), "-U", "tunery", "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8"
        )

    def url(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return f"postgresql://tunery@/{database}?host={self._folder}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-k {self._folder} -c listen_addresses= -c fsync=off -c max_connections=200"
        log = self._folder / "log"
        self._run("pg_ctl", "-D", str(self._data), "-l", str(log), "-o", options, "-w", "start")

    def stop(self, *, hard: bool = False) -> None:
        """Stop it; ``hard`` as when it dies."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate" if hard else "fast", "-w", "stop")

    def create(self, database: str) -> str:
        """Make a database, and return its URL."""
        self._run("createdb", "-h", str(self._folder), "-U", "tunery", database)
        return self.url(database)

    def _run(self, program: str, *arguments: str) -> None:
        path = _BINARIES[0] / program if _BINARIES else Path(program)
        as_whom = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*as_whom, str(path), *arguments]
        subprocess.run(command, check=True, cwd=self._folder, stdout=subprocess.DEVNULL, timeout=120)
