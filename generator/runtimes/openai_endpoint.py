"""A server that speaks OpenAI's protocol, streaming: vLLM, SGLang, llama.cpp, Ollama, or a service.

What is timed is a request from its first byte sent to the last one received. Events are decoded afterwards. How many
tokens an event carries is told by the server, in one of the ways of `COUNTED`; events are never counted as tokens
unless the server's own total says that they are as many.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from generator.runtimes.event_stream import Event, Server, ServerTrouble, Streamed, error_text
from generator.runtimes.session import Arrays, Generated, Session, Spec

TEXT, WANTED = "text", "wanted"
"""Names of a query's arrays: the request in UTF-8, (1, bytes) uint8; and how many tokens shall follow, (1, 1) int64."""

PATHS = {"chat": "/chat/completions", "completions": "/completions"}
"""Values of the option `api`, and where requests go below the address."""

COUNTED = ("token numbers", "log probabilities", "usage of each event", "usage, one token an event", "not told")
"""How it is known how many tokens an event carries."""

_PASSED_ON = ("cache_prompt", "ignore_eos")
"""Options that go into each request as they are, for servers that know them."""


@dataclass(frozen=True, slots=True)
class Query:
    """One request, ready to be sent."""

    text: str
    wanted: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """One event that carried something of the answer."""

    at_ns: int
    text: str
    numbers: int | None
    """Of tokens, as many as there are."""

    probabilities: int | None
    total: int | None
    """Tokens so far, by the server's own count."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, decoded."""

    said: tuple[Said, ...]
    finished_ns: int | None
    prompt_tokens: int | None
    answer_tokens: int | None
    """By the server's own count; it may have tokens that nobody sees."""

    fingerprint: str

    @property
    def text(self) -> str:
        """What was said."""
        return "".join(one.text for one in self.said)

    def counts(self) -> tuple[str, list[int] | None]:
        """One of `COUNTED`, and the tokens of each event; None where nobody tells."""
        for way, name in zip(COUNTED, ("numbers", "probabilities"), strict=False):
            values = [getattr(one, name) for one in self.said]
            if all(values):
                return way, values
        totals = [one.total for one in self.said]
        if all(totals):
            steps = [now - before for before, now in zip([0, *totals[:-1]], totals, strict=True)]  # type: ignore[operator]
            if all(step > 0 for step in steps):
                return COUNTED[2], steps
        # The end token is counted, and no event carries it.
        if self.answer_tokens in (len(self.said), len(self.said) + 1):
            return COUNTED[3], [1] * len(self.said)
        return COUNTED[4], None


class OpenAiSession(Session):
    """Options: `address` and `model` (as the server calls it); `key_variable`, the environment variable that holds the
    caller's key; `api` ("chat", "completions"); `token_ids` and `logprobs` (ask for them, so that tokens can be
    counted); `ignore_eos` and `cache_prompt` (passed on); `may_end_early` (an answer may have fewer tokens than were
    asked for); `same_prompts` (each request is sent as it is; by default a timed one begins with a number of its own,
    so that nothing that the server remembers of earlier prompts answers it).
    """

    generates = True

    def __init__(self, spec: Spec) -> None:
        self._options, self.version = dict(spec.options), "unknown"
        variable = str(self._options.get("key_variable", ""))
        if variable and not os.environ.get(variable):
            raise ServerTrouble(f"the environment variable {variable}, which is to hold the server's key, is not set")
        self._server = Server(str(self._options["address"]), os.environ.get(variable) if variable else None)
        self._path = PATHS[str(self._options.get("api", "chat"))]
        self._told = dict[str, str]()

    def prepare(self, sample: Arrays) -> Query:
        """The request's text, and how many tokens shall follow."""
        if TEXT not in sample:
            raise ServerTrouble("a server reads text, and this workload has none to send")
        text = sample[TEXT].tobytes().decode("utf-8")
        wanted = int(sample[WANTED][0, 0])
        return Query(text, wanted, self._body(text, wanted))

    def fresh(self, query: Query) -> Query:
        """The same request with a number before it that no earlier one had; of the same length each time."""
        if self._options.get("same_prompts"):
            return query
        text = f"[{10**11 + secrets.randbelow(9 * 10**11)}] {query.text}"
        return Query(query.text, query.wanted, self._body(text, query.wanted))

    def run(self, query: Query) -> Streamed:
        """Send the request and read the answer."""
        found = self._server.stream(self._path, query.body)
        if not self._told:
            self._learn(found)  # of the first call, which is timed apart
        return found

    def to_arrays(self, answer: Any) -> Arrays:
        """The answer's text, (1, bytes) uint8."""
        return {TEXT: np.frombuffer(decoded(answer.events()).text.encode(), np.uint8)[np.newaxis].copy()}

    def generated(self, query: Query, answer: Any) -> Sequence[Generated]:
        """When the tokens came.

        Raises:
            ServerTrouble: when the server reported an error, sent no token, broke off, or ended early.
        """
        reply = decoded(answer.events())
        _, counts = reply.counts()
        sent = sum(counts) if counts else reply.answer_tokens
        if sent is not None and sent < query.wanted - 1 and not self._options.get("may_end_early"):
            # One fewer is the end token, which is counted and not sent.
            raise ServerTrouble(
                f"the answer ended after {sent} of {query.wanted} tokens: set ignore_eos where the server knows it, "
                "or may_end_early where answers of different lengths are meant"
            )
        return [Generated(reply.prompt_tokens, [one.at_ns for one in reply.said], counts, reply.finished_ns)]

    def details(self) -> Mapping[str, str]:
        """What the server says of itself, and how it is known how many tokens an event carries."""
        return self._told

    def _learn(self, first: Streamed) -> None:
        reply = decoded(first.events())
        self.version = reply.fingerprint or first.server or "unknown"
        self._told = {
            "address": self._server.address,
            "model": str(self._options["model"]),
            "server": first.server or "unknown",
            "tokens of an event known by": reply.counts()[0],
        }

    def _body(self, text: str, wanted: int) -> bytes:
        options = self._options
        said = {"messages": [{"role": "user", "content": text}]} if self._path == PATHS["chat"] else {"prompt": text}
        body = {
            "model": options["model"],
            **said,
            "max_tokens": wanted,
            "temperature": 0,
            "seed": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
            **{name: options[name] for name in _PASSED_ON if name in options},
        }
        if options.get("token_ids"):
            body["return_token_ids"] = True
        if options.get("logprobs"):
            body["logprobs"] = True if self._path == PATHS["chat"] else 1
        return json.dumps(body, ensure_ascii=False).encode()


def decoded(events: Sequence[Event]) -> Reply:
    """What the events say together.

    Raises:
        ServerTrouble: when one reports an error, none carries a token, or nothing says that the answer is complete.
    """
    said, finished_ns, ended = list[Said](), None, False
    usage, fingerprint = dict[str, Any](), ""
    for event in events:
        if event.data is None:
            ended = True
            continue
        if not isinstance(event.data, Mapping):
            raise ServerTrouble(f"the server sent an event of another form: {str(event.data)[:200]}")
        if event.data.get("error"):
            text = error_text(json.dumps({"error": event.data["error"]}))
            raise ServerTrouble(f"the server reported an error after {len(said)} events with tokens: {text}")
        usage = event.data.get("usage") or usage
        fingerprint = str(event.data.get("system_fingerprint") or fingerprint)
        for choice in event.data.get("choices") or ():
            if one := _said(event, choice):
                said.append(one)
            if choice.get("finish_reason"):
                finished_ns = event.at_ns
    if finished_ns is None and not ended:
        raise ServerTrouble(f"the answer broke off in mid-stream, after {len(said)} events with tokens")
    if not said:
        raise ServerTrouble("the server sent no token")
    return Reply(
        tuple(said), finished_ns, _count(usage, "prompt_tokens"), _count(usage, "completion_tokens"), fingerprint
    )


def _said(event: Event, choice: Mapping[str, Any]) -> Said | None:
    """What an event carries of the answer, a visible line of thought included; None where it carries nothing."""
    delta = choice.get("delta") or {}
    texts = (choice.get("text"), delta.get("reasoning_content") or delta.get("reasoning"), delta.get("content"))
    text = "".join(one for one in texts if one)
    numbers, probabilities = choice.get("token_ids") or (), choice.get("logprobs") or {}
    listed = probabilities.get("content") or probabilities.get("tokens") or ()
    if not (text or numbers or listed):
        return None
    total = _count(event.data.get("usage") or {}, "completion_tokens")
    return Said(event.at_ns, text, len(numbers) or None, len(listed) or None, total)


def _count(usage: Mapping[str, Any], name: str) -> int | None:
    value = usage.get(name)
    return value if isinstance(value, int) and value > 0 else None


def load(spec: Spec) -> Session:
    """Connect to a server; nothing is loaded, and the artifact is not read."""
    return OpenAiSession(spec)
