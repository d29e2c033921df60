"""A server that speaks OpenAI's protocol on loopback, whose times are known because it writes them down."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"]


@dataclass
class Behaviour:
    """What the server does; `kind` names a way to go wrong, or nothing."""

    kind: str = ""
    first_ms: float = 5.0
    gap_ms: float = 2.0
    tokens: int = 12
    a_piece: int = 1
    role: bool = True
    finish_late_ms: float = 0.0
    hidden: int = 0
    """Tokens that usage counts and nobody sees."""

    tells: tuple[str, ...] = ("usage",)
    """usage, usage-each, numbers, probabilities."""

    key: str = ""
    sent_ns: list[list[int]] = field(default_factory=list)
    """Of each request, the moment at which each piece with tokens was written."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "known/1.0", ""
    disable_nagle_algorithm = True  # else pieces wait for the client's word that it has the one before
    behaviour: Behaviour

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        one = self.behaviour
        one.asked += 1
        one.bodies.append(body)
        if one.key and self.headers.get("Authorization") != f"Bearer {one.key}":
            self._refuse(401, {"error": {"message": f"bad key {self.headers.get('Authorization')}"}})
        elif one.kind == "error":
            self._refuse(503, {"error": {"message": "the model is being loaded"}})
        elif one.kind == "html":
            self._refuse(404, None)
        else:
            self._stream(body, one)

    def _refuse(self, status: int, said: Any) -> None:
        text = json.dumps(said).encode() if said else b"<h1>no such page</h1>"
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _stream(self, body: dict[str, Any], one: Behaviour) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        chat, moments = self.path.endswith("/chat/completions"), list[int]()
        one.sent_ns.append(moments)
        if one.role and chat:
            self._event({"choices": [{"delta": {"role": "assistant", "content": ""}}]})
        wanted = min(one.tokens, body["max_tokens"])
        pieces = 1 if one.kind == "one-piece" else -(-wanted // one.a_piece)
        size = wanted if one.kind == "one-piece" else one.a_piece
        begin, sent = time.perf_counter(), 0
        for piece in range(0 if one.kind == "no-token" else pieces):
            due = begin + (one.first_ms + piece * size * one.gap_ms) / 1e3
            time.sleep(max(0.0, due - time.perf_counter()))
            words = [WORDS[(sent + k) % len(WORDS)] for k in range(min(size, wanted - sent))]
            sent += len(words)
            moments.append(time.perf_counter_ns())
            self._event(self._piece(words, sent, chat, one))
            if one.kind == "breaks" and piece == 3:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if one.kind == "ends-mid-stream" and piece == 3:
                self._last()
                return
            if one.kind == "reports" and piece == 3:
                self._event({"error": {"message": "out of memory"}})
                self._last()
                return
        time.sleep(one.finish_late_ms / 1e3)
        end: dict[str, Any] = {"delta": {}} if chat else {"text": ""}
        self._event({"choices": [{**end, "finish_reason": "length"}], "system_fingerprint": "b1234"})
        if "usage" in one.tells or "usage-each" in one.tells:
            self._event({"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": sent + one.hidden}})
        self._write(b"data: [DONE]\n\n")
        self._last()

    def _piece(self, words: list[str], sent: int, chat: bool, one: Behaviour) -> dict[str, Any]:
        text = "".join(f"{word} " for word in words)
        choice: dict[str, Any] = {"delta": {"content": text}} if chat else {"text": text}
        if "numbers" in one.tells:
            choice["token_ids"] = [7] * len(words)
        if "probabilities" in one.tells:
            name = "content" if chat else "tokens"
            choice["logprobs"] = {name: [{"token": word} for word in words]}
        piece: dict[str, Any] = {"choices": [choice]}
        if "usage-each" in one.tells:
            piece["usage"] = {"prompt_tokens": 50, "completion_tokens": sent}
        return piece

    def _event(self, data: dict[str, Any]) -> None:
        self._write(f"data: {json.dumps(data)}\n\n".encode())

    def _write(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _last(self) -> None:
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """A server that behaves so; gives its address."""
    handler = type("Handler", (_Handler,), {"behaviour": behaviour})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
