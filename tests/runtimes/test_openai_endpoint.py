"""A client of servers, against a real one on loopback that is made to behave well and badly."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from generator.core.record import Generation
from generator.core.token_times import gaps_ns, per_token_ns, token_count
from generator.runtimes.event_stream import ServerTrouble, Streamed
from generator.runtimes.openai_endpoint import COUNTED, OpenAiSession, load
from generator.runtimes.session import Generated, Spec
from generator.workloads.text_requests import request
from tests.runtimes.openai_server import Behaviour, serving

MS = 1_000_000
Start = Callable[..., OpenAiSession]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a server and gives a session that asks it."""
    with ExitStack() as stack:

        def make(behaviour: Behaviour | None = None, **options: Any) -> OpenAiSession:
            address = stack.enter_context(serving(behaviour or Behaviour()))
            session = load(Spec("", 1, {"address": address, "model": "m", **options}))
            assert isinstance(session, OpenAiSession)
            stack.callback(session._server.close)
            return session

        yield make


def asked(session: OpenAiSession, wanted: int = 12) -> Generated:
    """One answer's moments."""
    query = session.fresh(session.prepare(request("Say some words.", wanted)))
    (found,) = session.generated(query, session.run(query))
    return found


def kept(found: Generated) -> Generation:
    """As a record keeps it."""
    first = found.arrivals_ns[0]
    return Generation(
        query=0,
        prompt_tokens=found.prompt_tokens,
        arrivals_ns=tuple(one - first + 1 for one in found.arrivals_ns),
        tokens=None if found.tokens is None else tuple(found.tokens),
    )


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_each_token_has_the_moment_at_which_the_server_sent_it(start: Start, api: str) -> None:
    """The server and its client read one clock; what lies between them is the way through loopback."""
    behaviour = Behaviour(gap_ms=5)
    found = asked(start(behaviour, api=api))
    (sent,) = behaviour.sent_ns
    assert len(found.arrivals_ns) == len(sent) == 12
    for ours, theirs in zip(found.arrivals_ns, sent, strict=True):
        assert 0 < ours - theirs < 50 * MS
    assert (found.prompt_tokens, found.tokens) == (50, [1] * 12)


def test_the_chunk_with_the_role_is_no_token(start: Start) -> None:
    """It comes at once, 40 ms before the first token."""
    behaviour = Behaviour(first_ms=40)
    session = start(behaviour)
    query = session.prepare(request("Say some words.", 12))
    begin = session.clock_ns()
    (found,) = session.generated(query, session.run(query))
    assert found.arrivals_ns[0] - begin >= 40 * MS


COUNTS = [
    pytest.param({"tells": ("numbers",), "a_piece": 4}, COUNTED[0], [4, 4, 4], id="token numbers"),
    pytest.param({"tells": ("probabilities",), "a_piece": 4}, COUNTED[1], [4, 4, 4], id="log probabilities"),
    pytest.param({"tells": ("usage-each",), "a_piece": 5}, COUNTED[2], [5, 5, 2], id="usage of each event"),
    pytest.param({"tells": ("usage",)}, COUNTED[3], [1] * 12, id="as many events as tokens"),
    pytest.param({"tells": ("usage",), "hidden": 1}, COUNTED[3], [1] * 12, id="the end token is counted and not sent"),
    pytest.param({"tells": ("usage",), "a_piece": 4}, COUNTED[4], None, id="events are not tokens"),
    pytest.param({"tells": ("usage",), "hidden": 10}, COUNTED[4], None, id="tokens that nobody sees"),
    pytest.param({"tells": ()}, COUNTED[4], None, id="nothing is told"),
    pytest.param({"tells": ("numbers", "usage"), "hidden": 10}, COUNTED[0], [1] * 12, id="numbers before usage"),
]


@pytest.mark.parametrize("api", ["chat", "completions"])
@pytest.mark.parametrize(("behaviour", "way", "tokens"), COUNTS)
def test_tokens_are_counted_as_the_server_tells_and_never_by_events(
    start: Start, api: str, behaviour: dict[str, Any], way: str, tokens: list[int] | None
) -> None:
    session = start(Behaviour(**behaviour, first_ms=1, gap_ms=1), api=api)
    found = asked(session)
    assert found.tokens == tokens
    assert session.details()["tokens of an event known by"] == way
    assert token_count(kept(found)) == (sum(tokens) if tokens else None)


def test_pieces_of_several_tokens_make_a_server_no_slower(start: Start) -> None:
    """One token every 4 ms, in pieces of four: the time per token is 4 ms, and not 16."""
    behaviour = Behaviour(tells=("numbers",), a_piece=4, gap_ms=4, tokens=24)
    found = kept(asked(start(behaviour), 24))
    (sent,) = behaviour.sent_ns
    truth = (sent[-1] - sent[0]) / 20
    assert per_token_ns(found) == pytest.approx(truth, rel=0.5)
    assert truth == pytest.approx(4 * MS, rel=0.5)
    assert len(gaps_ns(found)) == 20


def test_an_answer_in_one_piece_has_no_gaps(start: Start) -> None:
    found = kept(asked(start(Behaviour("one-piece", tells=("numbers",)))))
    assert (token_count(found), per_token_ns(found), gaps_ns(found)) == (12, None, [])


def test_the_end_of_an_answer_is_its_last_token_whatever_is_sent_after_it(start: Start) -> None:
    """Last token, the word that it was the last, and the end of the stream are three moments."""
    session = start(Behaviour(finish_late_ms=40))
    query = session.prepare(request("Say some words.", 12))
    answer = session.run(query)
    end_ns = session.clock_ns()
    (found,) = session.generated(query, answer)
    assert found.finished_ns is not None
    assert found.finished_ns - found.arrivals_ns[-1] >= 39 * MS
    assert end_ns >= found.finished_ns


WRONG = [
    pytest.param({"kind": "error"}, {}, "the server answered 503: the model is being loaded", id="an error"),
    pytest.param({"kind": "html"}, {}, "the server answered 404: <h1>no such page</h1>", id="no such page"),
    pytest.param({"kind": "breaks"}, {}, "broke off in mid-stream", id="the connection is closed"),
    pytest.param({"kind": "ends-mid-stream"}, {}, "broke off in mid-stream, after 4 events", id="the stream just ends"),
    pytest.param({"kind": "reports"}, {}, "an error after 4 events with tokens: out of memory", id="an error in it"),
    pytest.param({"kind": "no-token"}, {}, "the server sent no token", id="no token"),
    pytest.param({"tokens": 5}, {}, "ended after 5 of 12 tokens: set ignore_eos", id="it ends early"),
]


@pytest.mark.parametrize(("behaviour", "options", "problem"), WRONG)
def test_what_goes_wrong_is_said(
    start: Start, behaviour: dict[str, Any], options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ServerTrouble, match=problem):
        asked(start(Behaviour(**behaviour), **options))


def test_an_answer_may_end_early_where_the_definition_says_so(start: Start) -> None:
    assert len(asked(start(Behaviour(tokens=5), may_end_early=True)).arrivals_ns) == 5


def test_where_nobody_listens_the_address_is_named() -> None:
    with serving(Behaviour()) as address:
        pass
    session = load(Spec("", 1, {"address": address, "model": "m"}))
    with pytest.raises(ServerTrouble, match=f"no server answers at {address}"):
        session.run(session.prepare(request("Say some words.", 12)))


def test_a_server_that_is_silent_is_not_waited_for_for_ever(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    session = start(Behaviour(first_ms=400))
    session._server._connection.timeout = 0.05
    with pytest.raises(ServerTrouble, match="the server sent nothing for"):
        asked(session)


def test_a_kept_connection_that_the_server_closed_is_opened_anew(start: Start) -> None:
    behaviour = Behaviour()
    session = start(behaviour)
    asked(session)
    kept = session._server._connection.sock
    assert kept is not None
    kept.shutdown(socket.SHUT_RDWR)
    asked(session)
    assert behaviour.asked == 2


def test_requests_go_through_one_connection_and_say_what_they_want(start: Start) -> None:
    behaviour = Behaviour()
    session = start(behaviour, ignore_eos=True, cache_prompt=False, logprobs=True, token_ids=True)
    asked(session)
    sock = session._server._connection.sock
    asked(session)
    assert session._server._connection.sock is sock
    body = behaviour.bodies[0]
    assert (body["stream"], body["temperature"], body["max_tokens"]) == (True, 0, 12)
    assert (body["ignore_eos"], body["cache_prompt"], body["logprobs"]) == (True, False, True)
    assert body["return_token_ids"] is True


def test_timed_requests_are_never_the_same_and_always_of_one_length(start: Start) -> None:
    """Else a server answers them from what it has read before; the text after the number is the same."""
    session = start()
    query = session.prepare(request("Say some words.", 12))
    bodies = {session.fresh(query).body for _ in range(50)}
    assert len(bodies) == 50
    assert len({len(body) for body in bodies}) == 1
    assert all(b"Say some words." in body for body in bodies)
    same = start(same_prompts=True)
    assert same.fresh(query) is query


def test_the_key_goes_to_the_server_and_nowhere_else(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "sk-very-secret")
    session = start(Behaviour(key="sk-very-secret"), key_variable="A_KEY")
    asked(session)
    assert "sk-very-secret" not in str(dict(session.details()))
    with pytest.raises(ServerTrouble) as caught:
        asked(start(Behaviour(key="another"), key_variable="A_KEY"))
    assert "sk-very-secret" not in str(caught.value)
    assert "401: bad key Bearer <key>" in str(caught.value)
    monkeypatch.delenv("A_KEY")
    with pytest.raises(ServerTrouble, match="variable A_KEY, which is to hold the server's key, is not set"):
        start(key_variable="A_KEY")


def test_a_session_says_what_the_server_calls_itself(start: Start) -> None:
    session = start()
    assert session.version == "unknown"
    asked(session)
    assert session.version == "b1234"
    assert session.details()["server"] == "known/1.0"


STREAMS = [
    pytest.param([b'data: {"a": 1}\n\ndata: {"a": 2}\n\n'], [{"a": 1}, {"a": 2}], id="two events in one read"),
    pytest.param([b'data: {"a"', b": 1}\n", b"\n"], [{"a": 1}], id="one event in three reads"),
    pytest.param([b'data: {"a": 1}\r\n\r\ndata: [DONE]\r\n\r\n'], [{"a": 1}, None], id="lines end as in HTTP"),
    pytest.param([b': keep-alive\n\nevent: x\ndata:{"a": 1}\n\n'], [{"a": 1}], id="comments and other fields"),
    pytest.param([b'data: {"a":\ndata: 1}\n\n'], [{"a": 1}], id="data in two lines"),
    pytest.param([b'data: {"a": 1}'], [{"a": 1}], id="the last one without its end"),
    pytest.param([], [], id="nothing"),
]


@pytest.mark.parametrize(("pieces", "said"), STREAMS)
def test_events_are_read_however_they_are_cut(pieces: list[bytes], said: list[Any]) -> None:
    streamed = Streamed(tuple(enumerate(pieces, 1)), "")
    assert [event.data for event in streamed.events()] == said


def test_an_event_has_the_moment_of_its_last_byte() -> None:
    streamed = Streamed(((10, b'data: {"a": 1}\n\ndata: {"a'), (20, b'": 2}\n\n')), "")
    assert [event.at_ns for event in streamed.events()] == [10, 20]


def test_what_is_no_json_is_said() -> None:
    with pytest.raises(ServerTrouble, match="no JSON: hello"):
        Streamed(((1, b"data: hello\n\n"),), "").events()


def test_a_workload_without_text_cannot_be_sent(start: Start) -> None:
    with pytest.raises(ServerTrouble, match="this workload has none to send"):
        start().prepare({})
