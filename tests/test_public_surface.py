"""What ``import tunery`` gives, and what it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tunery

HEAVY = {"torch", "transformers", "sklearn", "datasets", "matplotlib", "tunery.models.network"}


def imported_for_type_checkers() -> set[str]:
    tree = ast.parse(Path(str(tunery.__file__)).read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports for alias in node.names}


def loaded_by(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after ``code``."""
    program = f"import sys\n{code}\nprint('\\n'.join(sys.modules), file=sys.__stdout__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_all_is_sorted_and_names_nothing_twice() -> None:
    assert tunery.__all__ == sorted(set(tunery.__all__))


def test_dir_shows_what_all_names_and_nothing_else() -> None:
    assert [name for name in dir(tunery) if not name.startswith("__")] == tunery.__all__


def test_star_import_gives_what_all_names_and_nothing_else() -> None:
    namespace: dict[str, object] = {}
    exec("from tunery import *", namespace)  # noqa: S102 - this is what is tested
    assert sorted(set(namespace) - {"__builtins__"}) == tunery.__all__


def test_type_checkers_see_the_same_names() -> None:
    assert imported_for_type_checkers() == set(tunery.__all__)


@pytest.mark.parametrize("name", tunery.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(tunery, name)
    assert value.__name__ == name
    assert value.__doc__


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'tunery' has no attribute 'tuen'"):
        _ = tunery.tuen  # type: ignore[attr-defined]


def test_import_loads_nothing_heavy() -> None:
    assert not loaded_by("import tunery") & HEAVY


def test_help_loads_nothing_heavy() -> None:
    calls = [["--help"], ["tune", "--help"], ["data", "check", "--help"], ["--version"]]
    assert not loaded_by(f"from tunery.cli.main import run\nassert not any(map(run, {calls!r}))") & HEAVY
