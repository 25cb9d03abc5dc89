"""Postgres and object storage for tests: the real server from the system's package, and an S3-compatible one."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)


def postgres_is_installed() -> bool:
    """Say whether there is a Postgres to start."""
    return bool(_BINARIES) or shutil.which("initdb") is not None


class Postgres:
    """A server of its own, on a socket in a new folder; it can be stopped hard and started again."""

    def __init__(self) -> None:
        # Not among pytest's folders: their path may be too long for a socket, and only their owner may enter them.
        self._folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._data = self._folder / "data"
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        if os.getuid() == 0:
            shutil.chown(self._folder, "postgres")  # Postgres refuses to run as root
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

    def kill(self) -> None:
        """Kill it and everything that it started, and wait until they are gone."""
        server = int((self._data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        processes = [psutil.Process(server), *psutil.Process(server).children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, timeout=60)

    def terminate(self, database: str) -> None:
        """End all connections to a database."""
        statement = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"  # noqa: S608
        self._run("psql", "-h", str(self._folder), "-U", "tunery", "-d", "postgres", "-c", statement)

    def create(self, database: str) -> str:
        """Make a database, and return its URL."""
        self._run("createdb", "-h", str(self._folder), "-U", "tunery", database)
        return self.url(database)

    def _run(self, program: str, *arguments: str) -> None:
        path = _BINARIES[0] / program if _BINARIES else Path(program)
        as_whom = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*as_whom, str(path), *arguments]
        subprocess.run(command, check=True, cwd=self._folder, stdout=subprocess.DEVNULL, timeout=120)
