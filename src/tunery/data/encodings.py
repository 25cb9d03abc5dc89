"""Bytes into text: which encoding a file has, and whether the text that comes out is what somebody once wrote.

UTF-8, UTF-16 and GB18030 prove themselves: text in another encoding hardly ever decodes as them and still looks like
writing. Windows-1252 and Latin-1 take any bytes, so they are a guess, made only for text that looks European, and said.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from tunery.data.files import failure
from tunery.data.findings import Findings
from tunery.errors import DataError, SettingError
from tunery.i18n import N_, _

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 (BOM)"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_GB2312 = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")
_EUROPEAN = re.compile(rb"[\xc0-\xff\x91-\x97\xa0-\xbf\x80\x85]")
# What UTF-8 looks like after somebody read it as Windows-1252 or Latin-1: "é" becomes "Ã©", "’" becomes "â€™".
_TAIL = "\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_MISREAD = re.compile(rf"[\u00c2-\u00df][{_TAIL}]|[\u00e0-\u00ef][{_TAIL}]{{2}}|[\u00f0-\u00f4][{_TAIL}]{{3}}")
# U+FFFD stands where something could not be decoded; read once more as GBK it becomes "锟斤拷".
_LOST = re.compile("\ufffd|锟斤拷")

_BINARY = tuple(
    (re.compile(signature, re.DOTALL), kind)
    for signature, kind in (
        (rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|II\*\0|MM\0\*", N_("a picture")),
        (rb"%PDF-\d", N_("a PDF document")),
        (rb"\xd0\xcf\x11\xe0", N_("a document of an old office program")),
        (rb"\x80[\x02-\x05]", N_("a Python pickle, which may run code when it is opened and so never is")),
        (rb"PK\x03\x04|BZh[1-9]1AY|\xfd7zXZ|\x28\xb5\x2f\xfd|7z\xbc\xaf|Rar!\x1a", N_("a packed archive")),
        (rb"RIFF....WAVE|ID3[\2-\4]\0|OggS\0|fLaC\0|\0\0..ftyp", N_("a recording")),
        (rb"SQLite format 3\0", N_("a database")),
    )
)
"""How files begin that are no text in any encoding, and what they are."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text and the name of the encoding it was in."""

    text: str
    encoding: str


def decode(data: bytes, encoding: str | None, shown: str, findings: Findings) -> Decoded:
    """Return the text of a file.

    Args:
        data: What the file holds.
        encoding: The encoding, if the user names it.
        shown: The file's name for messages.
        findings: Where doubts go: a guess, a text that was damaged before.

    Raises:
        DataError: The bytes are no text, or text damaged beyond use; with byte offset and line.
        SettingError: There is no such encoding.
    """
    _refuse_binary(data, shown)
    decoded = _as_told(data, encoding, shown) if encoding else _recognised(data, shown, findings)
    text = decoded.text.removeprefix("\ufeff")
    _refuse_nul(text, decoded.encoding, shown)
    _refuse_damaged(text, decoded.encoding, shown, findings)
    return Decoded(text, decoded.encoding)


def _refuse_binary(data: bytes, shown: str) -> None:
    for signature, kind in _BINARY:
        if signature.match(data):
            raise failure(
                "not-text",
                _("The file holds no text; it is {kind}.").format(kind=_(kind)),
                _("Give a file with labelled examples, for example a table saved as CSV."),
                shown,
            )


def _as_told(data: bytes, encoding: str, shown: str) -> Decoded:
    try:
        return Decoded(data.decode(encoding), encoding)
    except LookupError:
        raise SettingError(
            _("encoding: there is no text encoding {name}.").format(name=encoding),
            _("For example: utf-8, gb18030, utf-16, latin-1, big5, shift_jis."),
        ) from None
    except UnicodeError as error:
        raise _undecodable(data, encoding, error, shown) from None


def _recognised(data: bytes, shown: str, findings: Findings) -> Decoded:
    for bom, codec, name in _BOMS:
        if data.startswith(bom):
            return Decoded(_as_told(data, codec, shown).text, name)
    if utf16 := _utf16_without_bom(data):
        return Decoded(_as_told(data, utf16, shown).text, utf16.upper())
    try:
        return Decoded(data.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError as error:
        return _not_utf8(data, error, shown, findings)


def _not_utf8(data: bytes, error: UnicodeDecodeError, shown: str, findings: Findings) -> Decoded:
    if _mostly_utf8(data) or b"\0" in data:
        raise _undecodable(data, "UTF-8", error, shown)
    if (text := _as_gb18030(data)) is not None:
        return Decoded(text, "GB18030")
    if _looks_european(data):
        codec = "cp1252" if re.search(rb"[\x80-\x9f]", data) else "latin-1"
        name = "Windows-1252" if codec == "cp1252" else "Latin-1"
        findings.warning(
            "encoding-guessed",
            _("The file is not UTF-8; it looks like {encoding}, which can't be told for certain.").format(
                encoding=name
            ),
            _("Look at some rows; if letters are wrong, name the encoding with --set encoding=..."),
            shown,
        )
        return Decoded(data.decode(codec), name)
    raise _undecodable(data, "UTF-8", error, shown)


def _utf16_without_bom(data: bytes) -> str | None:
    """Tell UTF-16 by its NULs, which in text with spaces, digits or line breaks are all on one side of the pairs."""
    sample = data[:65536]
    if len(data) % 2 or b"\0" not in sample or _utf8_with_nuls(data):
        return None
    first, second = sample[0::2].count(0), sample[1::2].count(0)
    for codec, mine, other in (("utf-16-le", second, first), ("utf-16-be", first, second)):
        if mine > 20 * other and mine > len(sample) // 50:
            return codec
    return None


def _utf8_with_nuls(data: bytes) -> bool:
    if data.count(0) > 0.4 * len(data):
        return False
    try:
        data.replace(b"\0", b"").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _mostly_utf8(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    valid = sum(1 for character in text if character > "\x7f") - lost
    # A stray byte in a file that is otherwise UTF-8 must not turn the whole file into something else.
    return valid > 2 * lost


def _as_gb18030(data: bytes) -> str | None:
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return None
    # GB18030 gives a character to nearly every pair of bytes; Chinese as it is written stays in the GB2312 part.
    usual = 2 * len(_GB2312.findall(data))
    return text if usual > 0.85 * len(_HIGH.findall(data)) and not _CONTROL.search(data) else None


def _looks_european(data: bytes) -> bool:
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    high = _HIGH.findall(data)
    likely = len(_EUROPEAN.findall(data))
    return not _CONTROL.search(data) and likely > 0.9 * len(high) and len(high) < 0.3 * len(data)


def _undecodable(data: bytes, encoding: str, error: UnicodeError, shown: str) -> DataError:
    start = error.start if isinstance(error, UnicodeDecodeError) else 0
    found = data[start : start + 4].hex(" ") or "-"
    message = _("The file is not {encoding}: at byte {offset} stands {found}.")
    hint = _("Save it as UTF-8, or name its encoding with --set encoding=..., for example gb18030.")
    return failure(
        "encoding",
        message.format(encoding=encoding, offset=start, found=found),
        hint,
        shown,
        data.count(b"\n", 0, start) + 1,
    )


def _refuse_nul(text: str, encoding: str, shown: str) -> None:
    position = text.find("\0")
    if position < 0:
        return
    raise failure(
        "nul-bytes",
        _("There are {count} NUL characters in the file, the first at byte {offset}; it is not text.").format(
            count=text.count("\0"), offset=_bytes_before(text, position, encoding)
        ),
        _("Give a text file; if this is one, it was damaged: export it again."),
        shown,
        text.count("\n", 0, position) + 1,
    )


def _refuse_damaged(text: str, encoding: str, shown: str, findings: Findings) -> None:
    if text.isascii():
        return
    for pattern, code in ((_LOST, "characters-lost"), (_MISREAD, "mojibake")):
        first = pattern.search(text)
        if first is None:
            continue
        matches = [match.group() for match in pattern.finditer(text)]
        line = text.count("\n", 0, first.start()) + 1
        # Where most of what is not ASCII is damaged the whole file is; a row or two may well have come so.
        beyond = len(matches) >= 5 and sum(map(len, matches)) > 0.5 * sum(character > "\x7f" for character in text)
        offset = _bytes_before(text, first.start(), encoding)
        _report_damage(code, beyond, first.group(), len(matches), (shown, line, offset), findings)


def _report_damage(
    code: str, beyond: bool, found: str, count: int, place: tuple[str, int, int], findings: Findings
) -> None:
    shown, line, offset = place
    if code == "mojibake":
        message = _("{count} times text was decoded wrongly before it was saved, first {found!r} at byte {offset}.")
    else:
        message = _("{count} times characters were lost before it was saved, first {found!r} at byte {offset}.")
    words = message.format(count=count, found=found, offset=offset)
    hint = _("Export it again from where it came, as UTF-8.")
    if beyond:
        raise failure(code, words, hint, shown, line)
    findings.warning(code, words, hint, shown, line)


def _bytes_before(text: str, position: int, encoding: str) -> int:
    codec = encoding.split(" ")[0].lower()
    return len(text[:position].encode(codec, "replace"))
