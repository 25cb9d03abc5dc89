"""Brings the message catalogue up to date, or says what is missing from it.

``python scripts/messages.py`` collects every ``_("...")`` and ``N_("...")`` of package and examples, updates the
catalogue and compiles it. What is new has to be translated then, in ``src/tunery/locale/zh/LC_MESSAGES/tunery.po``.
``--check`` changes nothing and fails while anything is missing.

The files hold no dates and no line numbers, so that they change only when words do.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "tunery"
TEMPLATE = PACKAGE / "locale" / "tunery.pot"
CATALOGUE = PACKAGE / "locale" / "zh" / "LC_MESSAGES" / "tunery.po"
COMPILED = CATALOGUE.with_suffix(".mo")

_KEYWORDS = {"_": None, "N_": None}
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
_HEADER = """\
# {title}
msgid ""
msgstr ""
"Project-Id-Version: tunery\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def collect() -> Catalog:
    """Return every message of code, templates and examples."""
    found = Catalog(charset="utf-8", creation_date=_NEVER)
    for folder in (PACKAGE, ROOT / "examples"):
        for file, _line, message, _comments, _context in extract_from_dir(folder, _METHODS, keywords=_KEYWORDS):
            found.add(message, locations=[((folder / file).relative_to(ROOT).as_posix(), 0)])
    return found


def stored() -> Catalog:
    """Return the Chinese catalogue as it lies there."""
    if not CATALOGUE.exists():
        return Catalog(locale="zh", charset="utf-8")
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh", charset="utf-8", ignore_obsolete=True)


def update() -> list[str]:
    """Bring template, catalogue and compiled catalogue up to date; return what is left to translate."""
    messages, catalogue = collect(), stored()
    catalogue.update(messages)
    TEMPLATE.write_text(_text(messages, "Every message that people read.", ""), encoding="utf-8")
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    CATALOGUE.write_text(_text(catalogue, "What people read, in Chinese.", "zh"), encoding="utf-8")
    if _compiled() != _strings(catalogue):
        catalogue.creation_date = catalogue.revision_date = _NEVER
        with COMPILED.open("wb") as file:
            write_mo(file, catalogue)
    return faults()


def faults() -> list[str]:
    """Return what is wrong with the catalogue, one sentence each."""
    wanted = {message for message, _translation, _fuzzy in _entries(collect())}
    catalogue = stored()
    there = {message for message, _translation, _fuzzy in _entries(catalogue)}
    found = [f"not in the catalogue: {message!r}" for message in sorted(wanted - there)]
    for message, translation, fuzzy in _entries(catalogue):
        if message not in wanted:
            found.append(f"no longer in the code: {message!r}")
        elif not translation:
            found.append(f"not translated: {message!r}")
        elif fuzzy:
            found.append(f"fuzzy, look at it: {message!r} -> {translation!r}")
        elif fields(message) != fields(translation):
            found.append(f"placeholders differ: {message!r} -> {translation!r}")
    if _compiled() != _strings(catalogue):
        found.append(f"{COMPILED.relative_to(ROOT)} is older than {CATALOGUE.name}")
    return found


def fields(text: str) -> set[str]:
    """Return the names in the braces of a message; a brace that begins none stands for itself."""
    try:
        return {name for _text, name, _spec, _conversion in Formatter().parse(text) if name is not None}
    except ValueError:
        return set()


def _entries(catalogue: Catalog) -> Iterator[tuple[str, str, bool]]:
    for message in catalogue:
        if message.id:
            yield str(message.id), str(message.string or ""), message.fuzzy


def _strings(catalogue: Catalog) -> dict[str, str]:
    return {message: translation for message, translation, fuzzy in _entries(catalogue) if translation and not fuzzy}


def _compiled() -> dict[str, str]:
    if not COMPILED.exists():
        return {}
    with COMPILED.open("rb") as file:
        return _strings(read_mo(file))


def _text(catalogue: Catalog, title: str, language: str) -> str:
    body = io.BytesIO()
    write_po(body, catalogue, omit_header=True, ignore_obsolete=True, sort_output=True, include_lineno=False, width=110)
    return _HEADER.format(title=title, language=language) + body.getvalue().decode("utf-8")


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail while anything is missing")
    found = faults() if parser.parse_args().check else update()
    for fault in found:
        print(fault)
    if found:
        print(f"{len(found)} to mend: run `make messages`, then translate in {CATALOGUE.relative_to(ROOT)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
