"""A packaged folder serves by itself: nothing of this checkout, nothing of what tuning needs."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.serving.rig import Running, copy, watching

import tunery
from tunery.cli.main import run
from tunery.errors import ModelError, SettingError
from tunery.i18n import _, use_language
from tunery.models.exported import ExportedModel

NAMES = {"cards": "intents", "topics": "topics", "entities": "entities"}
TEXTS = {
    "cards": "my card has not arrived yet",
    "topics": "how old must I be",
    "entities": "Ann went to Rome.",
}
HEAVY = ("torch", "transformers", "scikit-learn", "scipy", "pyarrow", "datasets", "matplotlib", "pandas", "optuna")
MARK = "0.0.0+packaged"


@pytest.fixture(scope="module")
def folder(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models packaged; the copy of Tunery there can be told from this one by its version."""
    output = tmp_path_factory.mktemp("package") / "folder"
    assert tunery.package({name: models / model for name, model in NAMES.items()}, output) == output
    own = output / "tunery" / "__init__.py"
    own.write_text(own.read_text(encoding="utf-8").replace(tunery.__version__, MARK), encoding="utf-8")
    return output


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to start from in which files have the names of modules."""
    place = tmp_path_factory.mktemp("elsewhere")
    (place / "tunery").mkdir()
    for name in ("numpy.py", "tunery/__init__.py"):
        (place / name).write_text("raise ImportError('this is another one')", encoding="utf-8")
    return place


def start(folder: Path, elsewhere: Path, *arguments: str, **streams: int) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.Popen(
        [sys.executable, "-I", str(folder / "serve.py"), *arguments],
        cwd=elsewhere, env=environment, text=True, encoding="utf-8", **streams,
    )  # type: ignore[call-overload]  # fmt: skip


def call(folder: Path, elsewhere: Path, *arguments: str) -> tuple[int, str, str]:
    process = start(folder, elsewhere, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture(scope="module")
def served(folder: Path, elsewhere: Path) -> Iterator[Running]:
    process = start(folder, elsewhere, "--port", "0", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with watching(process) as running:
        yield running


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_as_the_model_does(served: Running, models: Path, name: str) -> None:
    (expected,) = ExportedModel.load(models / NAMES[name]).predict([TEXTS[name]])
    (found,) = served.ask(name, TEXTS[name])["predictions"]
    if name == "entities":
        assert [(one["start"], one["end"], one["label"]) for one in found["spans"]] == [
            (one.start, one.end, one.label) for one in expected.spans
        ]
        assert found["spans"]
    else:
        assert found["label"] == expected.label
        assert found["score"] == pytest.approx(expected.score, abs=1e-4)


def test_it_runs_on_its_own_copy_of_tunery(served: Running) -> None:
    with served.client() as client:
        assert client.get("/openapi.json").json()["info"]["version"] == MARK


def test_it_speaks_chinese(served: Running) -> None:
    with served.client() as client:
        answer = client.post("/v1/predict/cards", json={}, headers={"Accept-Language": "zh"})
    with use_language("zh"):
        assert answer.json()["detail"] == f"inputs: {_('is missing')}"
        assert _("is missing") != "is missing"


@pytest.mark.skipif(sys.platform != "linux", reason="what a process has loaded is only known of Linux")
def test_nothing_heavy_is_loaded(served: Running) -> None:
    (worker,) = served.workers()
    loaded = {part for one in worker.memory_maps() for part in Path(one.path).parts}
    assert "onnxruntime" in loaded
    assert not loaded & {*HEAVY, "sklearn", "hf_xet"}


def test_the_health_check_of_the_container_works(served: Running, folder: Path) -> None:
    found = re.search(
        r"^HEALTHCHECK .*CMD (\[.*\])$", (folder / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert found
    _python, *arguments = json.loads(found[1])
    for port, code in ((served.port, 0), (1, 1)):
        command = [sys.executable, *(one.replace(":8000/", f":{port}/") for one in arguments)]
        proxied = {**os.environ, "http_proxy": "http://127.0.0.1:1"}
        assert subprocess.run(command, capture_output=True, check=False, env=proxied).returncode == code


def test_the_container_starts_a_server_with_keys_and_without_root(folder: Path, elsewhere: Path) -> None:
    lines = (folder / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"FROM python:{sys.version_info.major}.{sys.version_info.minor}-slim"
    assert lines.index("USER tunery") < next(i for i, line in enumerate(lines) if line.startswith("CMD"))
    _python, script, *arguments = json.loads(lines[-1].removeprefix("CMD "))
    assert (folder / script).is_file()
    assert arguments[:2] == ["--host", "0.0.0.0"]  # noqa: S104 - in a container
    # There are no keys in that place here: the call is understood, and refused with the way out.
    code, out, err = call(folder, elsewhere, *arguments)
    assert (code, out) == (2, "")
    assert "There is no file of keys at /keys/keys.db.\n  Make a key: python serve.py keys create --file" in err


def test_a_model_has_only_what_serving_reads(folder: Path) -> None:
    files = {
        path.relative_to(folder / "models").as_posix() for path in (folder / "models").rglob("*") if path.is_file()
    }
    own = {"tunery.json", "tokenizer.json", "README.md", "export/body.onnx", "export/head.safetensors"}
    expected = {f"{name}/{file}" for name in NAMES for file in own}
    assert files == expected | {"cards/export/neck.onnx", "topics/export/neck.onnx"}


def test_models_with_one_body_hold_it_once(folder: Path) -> None:
    assert (folder / "models/cards/export/body.onnx").samefile(folder / "models/topics/export/body.onnx")


def test_requirements_are_what_is_installed_here_and_small(folder: Path) -> None:
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").split()
    found = {one.name: str(one.specifier) for one in map(Requirement, lines)}
    needed = {"numpy", "onnxruntime", "tokenizers", "pydantic", "starlette", "uvicorn", "httptools", "limits", "anyio"}
    assert needed <= set(found)
    assert not set(found) & {*HEAVY, "tunery", "typer", "rich", "pytest", "psutil"}
    assert found == {name: f"=={version(name)}" for name in found}


def test_every_module_that_the_copied_code_imports_is_there_too(folder: Path) -> None:
    code = folder / "tunery"
    absent = set()
    for path in code.rglob("*.py"):
        blocks = [ast.parse(path.read_text(encoding="utf-8"))]
        while blocks:
            for node in ast.iter_child_nodes(blocks.pop()):
                if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                    continue
                blocks.append(node)
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tunery"):
                    absent.add(str(node.module))
    there = {path.relative_to(folder).with_suffix("").as_posix().replace("/", ".") for path in code.rglob("*.py")}
    there |= {name.removesuffix(".__init__") for name in there}
    # These run a model with torch, or write into a workspace, and neither is ever packaged.
    with_torch = {"tunery.models.base", "tunery.models.model"}
    with_workspace = {"tunery.serving.recording", "tunery.serving.feedback", "tunery.store.settings"}
    assert absent - there == with_torch | with_workspace


def test_the_licence_and_both_manuals_are_there(folder: Path) -> None:
    assert "Apache License" in (folder / "tunery" / "LICENSE").read_text(encoding="utf-8")
    pages = [(folder / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")]
    english, chinese = (re.findall(r"```console\n(.*?)```", page, re.DOTALL) for page in pages)
    assert english == chinese
    assert not any("{{" in page for page in pages)


def test_keys_are_made_listed_and_revoked_there(folder: Path, elsewhere: Path, tmp_path: Path) -> None:
    file = ("--file", str(tmp_path / "keys.db"))
    code, text, err = call(folder, elsewhere, "keys", "create", *file, "--name", "web", "--endpoints", "cards")
    assert (code, err, text[:3]) == (0, "", "tk_")
    process = start(
        folder, elsewhere, "--port", "0", "--keys", file[1], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    with watching(process) as running, running.client() as client:

        def ask(name: str, key: str) -> int:
            headers = {"Authorization": f"Bearer {key}"}
            return client.post(f"/v1/predict/{name}", json={"inputs": "a"}, headers=headers).status_code

        key = text.strip()
        assert [ask("cards", key), ask("topics", key), ask("cards", "tk_no")] == [200, 403, 401]
        known = json.loads(call(folder, elsewhere, "keys", "list", *file)[1])
        assert (known["name"], known["endpoints"]) == ("web", ["cards"])
        assert call(folder, elsewhere, "keys", "revoke", known["id"], *file)[0] == 0
        assert ask("cards", key) == 401


def test_wrong_calls_of_the_script_are_told(folder: Path, elsewhere: Path) -> None:
    code, out, err = call(folder, elsewhere, "--port", "many")
    assert (code, out, err) == (2, "", "Error: port: must be a whole number (found 'many').\n")
    code, out, err = call(folder, elsewhere, "--host", "0.0.0.0")  # noqa: S104 - it is refused
    assert (code, out) == (2, "")
    assert err.startswith(
        "Error: 0.0.0.0 can be reached from other machines, and no keys are asked for.\n  Make a key:"
    )


def test_the_command_takes_names_and_says_how_to_start(
    models: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "new" / "folder"
    assert run(["package", f"one={models / 'intents'}", str(models / "emotions"), "--output", str(output)]) == 0
    assert sorted(path.name for path in (output / "models").iterdir()) == ["emotions", "one"]
    assert f"python {output}/serve.py" in capfd.readouterr().err
    assert [path.name for path in output.parent.iterdir()] == ["folder"]


@pytest.mark.parametrize("runtime", [None, "torch"])
def test_a_model_that_is_not_exported_is_refused(models: Path, tmp_path: Path, runtime: str | None) -> None:
    model = copy(models / "intents", tmp_path / "model", export=runtime and {"runtime": runtime})
    with pytest.raises(ModelError, match=rf"has not been exported\. Export it with: tunery export {model}"):
        tunery.package(model, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_that_cannot_answer_is_refused_and_leaves_nothing(models: Path, tmp_path: Path) -> None:
    model = copy(models / "intents", tmp_path / "model")
    (model / "export" / "body.onnx").unlink()  # it is a link
    (model / "export" / "body.onnx").write_bytes(b"no")
    place = tmp_path / "place"
    place.mkdir()
    with pytest.raises(ModelError, match=r"can't be started here: .*body\.onnx can't be run"):
        tunery.package(model, place / "out")
    assert list(place.iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(models: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingError, match="There is something already at"):
        tunery.package(models / "intents", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(models: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    tunery.package(models / "intents", tmp_path / "out")
    assert (tmp_path / "out" / "models" / "intents" / "tunery.json").is_file()


def test_names_are_checked(models: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="a/b"):
        tunery.package({"a/b": models / "intents"}, tmp_path / "out")
    with pytest.raises(SettingError, match="No model is named"):
        tunery.package({}, tmp_path / "out")
    assert run(["package", f"a={models / 'intents'}", f"a={models / 'topics'}", "--output", str(tmp_path / "o")]) == 2


def test_the_folder_can_be_moved(folder: Path, elsewhere: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    process = start(moved, elsewhere, "--port", "0", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with watching(process) as running:
        assert running.ask("cards", "a")["version"].startswith("cards-")
