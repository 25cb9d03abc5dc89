"""``tunery package``: a folder that serves models wherever there is Python, or Docker, and nothing of Tunery."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import tunery
from tunery.errors import MissingExtraError, ModelError, SettingError, reason_of
from tunery.i18n import _
from tunery.models.exported import BODY, FOLDER, HEAD, NECK, exported
from tunery.models.manifest import NAME, Export, Manifest
from tunery.progress import tell
from tunery.serving import fresh
from tunery.serving.endpoints import check_name

_HOME = Path(tunery.__file__).parent
_TEMPLATES = Path(__file__).parent / "packaged"
_LICENSE = "LICENSE"


def package(models: Mapping[str, Path], output: Path) -> Path:
    """Write a folder that serves models by itself; it appears as a whole or not at all.

    Args:
        models: Endpoints with the folders of their models, which have to be exported.
        output: The folder; a new one, or an empty one.

    Returns:
        ``output``.

    Raises:
        ModelError: A model was not exported, or can't answer.
        SettingError: A name can't be an endpoint's, or ``output`` can't be written or holds something.
        MissingExtraError: What a server needs is not installed.
    """
    exports = _checked(models, output)
    modules = _needed(models)
    part = output.absolute().parent / f".{output.absolute().name}.{os.getpid()}.part"
    try:
        part.mkdir(parents=True)
        _copy_models(models, exports, part / "models")
        _copy_code(modules, part / "tunery")
        _write_rest(models, modules, part)
        part.rename(output)  # onto an empty folder it goes, onto another it doesn't
    except OSError as error:
        raise SettingError(
            _("{path} can't be written: {reason}.").format(path=output, reason=reason_of(error)),
            _("Name a new folder, in one that you may write to."),
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return output


def _checked(models: Mapping[str, Path], output: Path) -> dict[str, Export]:
    if importlib.util.find_spec("uvicorn") is None:
        raise MissingExtraError("serve", _("Packaging"))
    if not models:
        raise SettingError(_("No model is named."), _("Name at least one folder of a model."))
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise SettingError(
            _("There is something already at {path}.").format(path=output), _("Name a new folder, or an empty one.")
        )
    for name in models:
        check_name(name)
    return {name: exported(folder, Manifest.read(folder)) for name, folder in models.items()}


def _needed(models: Mapping[str, Path]) -> dict[str, str]:
    """Return the modules that serving these models loads, with their files."""
    tell(_("A server with these models is started once, to see that it answers and what it needs."))
    named = json.dumps({name: str(folder.absolute()) for name, folder in models.items()})
    done = subprocess.run(
        fresh.command("tunery.serving.needs", named),
        env=fresh.environment(), stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise ModelError(
            _("A server with these models can't be started here: {reason}").format(reason=said[-1] if said else "?")
        )
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def _copy_models(models: Mapping[str, Path], exports: Mapping[str, Export], target: Path) -> None:
    """Copy what serving reads. A body that several models share takes its room once, as far as files can be linked."""
    bodies: dict[str, Path] = {}
    for name, folder in models.items():
        own = target / name
        (own / FOLDER).mkdir(parents=True)
        shutil.copyfile(folder / NAME, own / NAME)
        shutil.copyfile(folder / "tokenizer.json", own / "tokenizer.json")
        if (folder / "README.md").is_file():
            shutil.copyfile(folder / "README.md", own / "README.md")
        export = exports[name]
        for file in (HEAD, *([NECK] if export.neck else [])):
            shutil.copyfile(folder / FOLDER / file, own / FOLDER / file)
        body = own / FOLDER / BODY
        _link_or_copy(bodies.setdefault(export.body, body), folder / FOLDER / BODY, body)


def _link_or_copy(like: Path, source: Path, target: Path) -> None:
    if like != target:
        with suppress(OSError):
            os.link(like, target)
            return
    shutil.copyfile(source, target)


def _copy_code(modules: Mapping[str, str], target: Path) -> None:
    own = [Path(file) for name, file in modules.items() if name.partition(".")[0] == "tunery"]
    catalogues = (_HOME / "locale").rglob("*.mo")
    for file in (*own, *catalogues):
        copy = target / file.relative_to(_HOME)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    (target / _LICENSE).write_text(_licence(), encoding="utf-8")


def _licence() -> str:
    """Return the text of Tunery's licence, from where it was installed or from a checkout."""
    with suppress(PackageNotFoundError):
        for file in distribution("tunery").files or ():
            if file.name == _LICENSE:
                return file.read_text(encoding="utf-8")
    return (_HOME.parent.parent / _LICENSE).read_text(encoding="utf-8")


def _write_rest(models: Mapping[str, Path], modules: Mapping[str, str], folder: Path) -> None:
    from tunery.serving.requirements import pinned

    (folder / "requirements.txt").write_text("\n".join([*pinned(modules), ""]), encoding="utf-8")
    values = {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "version": tunery.__version__,
        "names": ", ".join(models),
        "first": next(iter(models)),
        "image": "tunery-" + re.sub(r"[^a-z0-9]+", "-", next(iter(models)).lower()).strip("-"),
    }
    for template in _TEMPLATES.iterdir():
        if template.is_file():
            text = re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template.read_text(encoding="utf-8"))
            name = ".dockerignore" if template.name == "dockerignore" else template.name
            (folder / name).write_text(text, encoding="utf-8")
