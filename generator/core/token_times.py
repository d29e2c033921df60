"""What the moments say at which an answer's tokens came: time to first token, time per token, gaps, rates.

Terms of MLPerf and of vLLM, where they agree. TTFT ends with the first token; a server's announcement of who speaks is
none. TPOT is the time from the first token to the last one over the tokens that came after the first. ITL is each of
those times by itself. The end of an answer is its last token.

Sources: MLCommons, "MLPerf Inference Rules" (TTFT, TPOT); vLLM, `vllm/benchmarks/serve.py` (ttft, tpot, itl, e2el).
Where tokens come in pieces, both would count the first piece as one token, or pieces as tokens; here each token counts.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from generator.core.record import Generation, Round

TTFT, TPOT, ITL_P50, ITL_P90, END, PREFILL = "ttft", "tpot", "itl-p50", "itl-p90", "end", "prefill"
TOKEN_STATISTICS = (TTFT, PREFILL, TPOT, ITL_P50, ITL_P90, END)
"""Times of answers that two variants can be compared by; `PREFILL` is that of reading one token of the prompt."""

_P90 = 0.9


def token_count(answer: Generation) -> int | None:
    """Tokens of the answer; None where nobody tells."""
    if answer.tokens is None:
        return None
    return sum(answer.tokens) if answer.tokens else len(answer.arrivals_ns)


def first_token_ns(answer: Generation) -> int:
    """Time to first token (TTFT)."""
    return answer.arrivals_ns[0]


def end_ns(answer: Generation) -> int:
    """Time to the last token: end-to-end latency."""
    return answer.arrivals_ns[-1]


def per_token_ns(answer: Generation) -> float | None:
    """Time per output token (TPOT); None where all tokens came at once, or nobody tells how many they are."""
    count = token_count(answer)
    later = None if count is None else count - _first_piece(answer)
    return (end_ns(answer) - first_token_ns(answer)) / later if later else None


def gaps_ns(answer: Generation) -> list[float]:
    """Inter-token latencies (ITL): a value each token that came after the first.

    Tokens that came together share the time since those before them: nothing tells when each was made.
    """
    if answer.tokens is None:
        return []
    pieces, moments = answer.tokens or (1,) * len(answer.arrivals_ns), answer.arrivals_ns
    later = zip(pieces[1:], moments, moments[1:], strict=False)
    return [gap for tokens, before, now in later for gap in [(now - before) / tokens] * tokens]


def prefill_ns(answer: Generation) -> float | None:
    """Time to first token over the tokens of the prompt; None where nobody tells how many those are."""
    return first_token_ns(answer) / answer.prompt_tokens if answer.prompt_tokens else None


def token_statistics(one: Round) -> Mapping[str, float]:
    """What a round says by each of `TOKEN_STATISTICS` that it has numbers for: medians over its answers, ns."""
    if not one.answers:
        return MappingProxyType({})
    gaps = sorted(gap for answer in one.answers for gap in gaps_ns(answer))
    found = {
        TTFT: _median([first_token_ns(answer) for answer in one.answers]),
        PREFILL: _median([prefill_ns(answer) for answer in one.answers]),
        TPOT: _median([per_token_ns(answer) for answer in one.answers]),
        ITL_P50: statistics.median(gaps) if gaps else None,
        ITL_P90: gaps[int(len(gaps) * _P90)] if gaps else None,
        END: _median([end_ns(answer) for answer in one.answers]),
    }
    return MappingProxyType({name: value for name, value in found.items() if value})


def _first_piece(answer: Generation) -> int:
    return answer.tokens[0] if answer.tokens else 1


def _median(values: Sequence[float | None]) -> float | None:
    """None where any is not known: a median of those that are would be of other answers than the round's."""
    known = [one for one in values if one is not None]
    return statistics.median(known) if len(known) == len(values) else None
