"""One request to a server and the events of its answer, with the moment at which each came. Standard library only."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import Any
from urllib.parse import urlsplit

LONGEST_SILENCE_S = 300.0
"""A server that sends nothing for so long has failed; a long prompt is read by a slow one within it."""

_READ = 1 << 16
_MOST_SHOWN = 300
"""Characters of what a server says of an error that are shown."""


class ServerTrouble(RuntimeError):
    """A server did not answer as its protocol says."""

    cause = "server"
    """Key by which the driver tells this from a fault of the worker."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream: what it says, and when the last of its bytes came."""

    at_ns: int
    data: Any
    """Decoded JSON; None for the event that ends the stream."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer as it came. Nothing of it is decoded yet: that would be timed with it."""

    pieces: tuple[tuple[int, bytes], ...]
    """Moment and bytes of each read."""

    server: str
    """What the server calls itself; empty where it does not."""

    def events(self) -> list[Event]:
        """The events, each with the moment of the piece that completed it.

        Raises:
            ServerTrouble: when one of them is no JSON.
        """
        found, waiting = list[Event](), b""
        for at_ns, piece in self.pieces:
            *whole, waiting = (waiting + piece).replace(b"\r\n", b"\n").split(b"\n\n")
            found += [event for text in whole if (event := _event(at_ns, text))]
        if self.pieces and (last := _event(self.pieces[-1][0], waiting)):
            found.append(last)
        return found


def _event(at_ns: int, text: bytes) -> Event | None:
    """Source: WHATWG HTML, "Server-sent events"; comments and other fields say nothing here."""
    lines = [line[5:].strip() for line in text.split(b"\n") if line.startswith(b"data:")]
    said = b"\n".join(lines)
    if not lines or said == b"[DONE]":
        return Event(at_ns, None) if lines else None
    try:
        return Event(at_ns, json.loads(said))
    except ValueError as error:
        shown = said[:_MOST_SHOWN].decode("utf-8", "replace")
        raise ServerTrouble(f"the server sent an event that is no JSON: {shown}") from error


class Server:
    """A connection that is kept from request to request, as clients of servers do.

    Args:
        address: "http://127.0.0.1:8080/v1"; paths are appended to it.
        key: what the server wants to know of its caller; it goes into a header and nowhere else.
        silence_s: longest wait for the next bytes.
    """

    def __init__(self, address: str, key: str | None, silence_s: float = LONGEST_SILENCE_S) -> None:
        parts = urlsplit(address)
        self.address, self._key = address, key
        self._path = parts.path.rstrip("/")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=silence_s)
        self._headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def stream(self, path: str, body: bytes) -> Streamed:
        """Post a request and read the answer to its end.

        Raises:
            ServerTrouble: when nobody answers, the answer is an error, or it breaks off.
        """
        pieces = list[tuple[int, bytes]]()
        try:
            response = self._respond(self._path + path, body)
            if response.status != 200:
                raise ServerTrouble(self._refused(response))
            while piece := response.read1(_READ):
                pieces.append((time.perf_counter_ns(), piece))
        except IncompleteRead as error:
            self.close()
            raise ServerTrouble("the answer broke off in mid-stream: the connection was closed") from error
        except TimeoutError as error:
            self.close()
            raise ServerTrouble(f"the server sent nothing for {self._connection.timeout:.0f} s") from error
        except (OSError, HTTPException) as error:
            self.close()
            began = "the answer broke off in mid-stream" if pieces else f"no server answers at {self.address}"
            raise ServerTrouble(f"{began} ({_reason(error)})") from error
        return Streamed(tuple(pieces), (response.getheader("Server") or "").strip())

    def close(self) -> None:
        """Let go of the connection; the next request opens another."""
        self._connection.close()

    def _respond(self, path: str, body: bytes) -> HTTPResponse:
        """The response's head; a kept connection that the server has closed meanwhile is opened anew, once."""
        kept = self._connection.sock is not None
        try:
            self._connection.request("POST", path, body, self._headers)
            return self._connection.getresponse()
        except (ConnectionError, HTTPException):
            self.close()
            if not kept:
                raise
        self._connection.request("POST", path, body, self._headers)
        return self._connection.getresponse()

    def _refused(self, response: HTTPResponse) -> str:
        """What a server says of its refusal, without the caller's key."""
        text = response.read(_READ).decode("utf-8", "replace")
        said = error_text(text) or response.reason
        if self._key:
            said = said.replace(self._key, "<key>")
        return f"the server answered {response.status}: {said}"


def error_text(text: str) -> str:
    """The message in an error's body, whatever of the usual forms it has."""
    try:
        said = json.loads(text)
    except ValueError:
        return " ".join(text.split())[:_MOST_SHOWN]
    for name in ("error", "message", "detail"):
        said = said[name] if isinstance(said, Mapping) and name in said else said
    return " ".join(str(said).split())[:_MOST_SHOWN]


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:_MOST_SHOWN]
