"""What networks and disks do wrong, in words."""

from __future__ import annotations

import errno
import socket
import ssl
import urllib.error
import urllib.request

import pytest

from tunery.sources.failures import explain, from_text, status


def chained(cause: BaseException) -> Exception:
    try:
        try:
            raise cause
        except BaseException as error:
            raise RuntimeError("could not fetch") from error
    except RuntimeError as error:
        return error


@pytest.mark.parametrize(
    ("error", "reason", "hint"),
    [
        (socket.gaierror(-2, "Name or service not known"), "the server's name could not be resolved", "name a mirror"),
        (TimeoutError(), "the server did not answer in time", "name a mirror"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "the connection was refused or broken", "the proxy"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "the connection was refused or broken", "the proxy"),
        (ssl.SSLCertVerificationError("self-signed"), "the server's certificate was not accepted", "SSL_CERT_FILE"),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full", "TUNERY_CACHE"),
        (PermissionError(errno.EACCES, "denied", "/x"), "/x can't be read or written", "Check its permissions"),
    ],
)
def test_a_failure_is_found_however_deep_a_library_has_wrapped_it(error: Exception, reason: str, hint: str) -> None:
    for wrapped in (error, chained(error), OSError(chained(error)), urllib.error.URLError(error)):
        assert explain(wrapped)[0] == reason
        assert hint in explain(wrapped)[1]


def test_an_unknown_failure_keeps_its_first_line_and_stays_short() -> None:
    assert explain(RuntimeError("\n strange thing.\nmore"))[0] == "it failed with: strange thing"
    assert explain(RuntimeError())[0] == "it failed with: RuntimeError"
    assert len(explain(RuntimeError("word " * 1000))[0]) < 250


def test_errors_that_name_each_other_end() -> None:
    first, second = RuntimeError("a"), RuntimeError("b")
    first.__cause__, second.__cause__ = second, first

    assert explain(first)[0] == "it failed with: a"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "the disk is full"),
        ("connection broken by 'NameResolutionError(...)'", "the server's name could not be resolved"),
        ("ReadTimeoutError: Read timed out.", "the server did not answer in time"),
        ("NewConnectionError(...): Connection refused", "the connection was refused or broken"),
        (
            "SSLError(SSLCertVerificationError(1, 'certificate verify failed'))",
            "the server's certificate was not accepted",
        ),
    ],
)
def test_a_failure_is_found_in_what_a_program_printed(text: str, reason: str) -> None:
    found = from_text(text)
    assert found is not None
    assert found[0] == reason
    assert from_text("No matching distribution found") is None


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (401, "access was denied (HTTP 401)"), (429, "the server has had too many requests (HTTP 429)"),
        (502, "the server has a fault (HTTP 502)"), (418, "the server refused (HTTP 418)"),
    ],
)  # fmt: skip
def test_an_http_status_is_said_with_what_to_do(code: int, reason: str) -> None:
    assert status(code)[0] == reason
    assert status(code)[1].endswith(".")
