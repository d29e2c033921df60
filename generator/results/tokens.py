"""What a run says of generated text: time to first token, between tokens, rates; and the ratios to the baseline."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from generator.core.block_times import BlockTimes
from generator.core.protocol import kept_blocks, log_interval
from generator.core.record import READ_NOTE, Block, Generation, VariantRecord
from generator.core.token_times import (
    TOKEN_STATISTICS,
    end_ns,
    first_token_ns,
    gaps_ns,
    per_token_ns,
    prefill_ns,
    token_count,
)
from generator.results.estimate import Estimate, Spread, Unknown, ratio, spread
from generator.results.percentile import Percentile, percentiles
from generator.results.roofline import Roof


@dataclass(frozen=True, slots=True)
class TokenFindings:
    """Generated text of one variant over the blocks that count; spreads are over the blocks' medians."""

    answers: int
    """Texts that were timed."""

    prompt_tokens: Spread | Unknown
    """Over the texts."""

    answer_tokens: Spread | Unknown
    """Over the texts."""

    first_token_ns: Spread
    per_token_ns: Spread | Unknown
    end_ns: Spread
    """From the query to the last token."""

    prefill_per_second: Spread | Unknown
    """Tokens of the prompt over the time to first token."""

    decode_per_second: Spread | Unknown
    """Tokens after the first over the time from the first to the last."""

    gaps: tuple[Percentile, ...]
    """Between tokens, of all texts together: those that so many gaps permit."""

    bandwidth_share: Spread | Unknown
    """Bytes of weights that writing reads in a second, over the most that this machine's memory gave plain code: how
    near decoding is to the limit of memory. Above 1 where the weights stay in a cache."""

    ratios: Mapping[str, Estimate]
    """Baseline over variant, by name of `TOKEN_STATISTICS`: above 1 is faster. None for the baseline itself."""


def token_findings(
    blocks: Sequence[Block], times: Sequence[BlockTimes], variant: VariantRecord, baseline: str, roof: Roof | None
) -> TokenFindings | None:
    """Gather what a variant's answers say.

    Args:
        blocks: those that count.
        times: of the workload's blocks, whole; those that count are chosen here.
        variant: as it was run.
        baseline: name of the workload's baseline.
        roof: the memory's bandwidth at the size of the variant's weights; None where it was not measured.

    Returns:
        The findings, or None where no text was generated or the record has no moments of tokens.
    """
    per_block = [[a for r in block.rounds if r.variant == variant.name for a in r.answers] for block in blocks]
    per_block = [answers for answers in per_block if answers]
    if not per_block:
        return None
    every = [answer for answers in per_block for answer in answers]
    per_token, prefill = _over(per_block, per_token_ns), _over(per_block, prefill_ns)
    return TokenFindings(
        answers=len(every),
        prompt_tokens=_counted([answer.prompt_tokens for answer in every]),
        answer_tokens=_counted([token_count(answer) for answer in every]),
        first_token_ns=_medians(per_block, first_token_ns),
        per_token_ns=_why_no_gaps(every) if per_token is None else per_token,
        end_ns=_medians(per_block, end_ns),
        prefill_per_second=Unknown("prompt-tokens-untold") if prefill is None else _rate(prefill),
        decode_per_second=_why_no_gaps(every) if per_token is None else _rate(per_token),
        gaps=_gaps(every),
        bandwidth_share=_bandwidth_share(per_token, read_bytes(variant), roof),
        ratios={} if variant.name == baseline else dict(_ratios(times, variant.name, baseline)),
    )


def read_bytes(variant: VariantRecord) -> int | None:
    """Bytes of weights that each generated token needs; None where the model file does not tell."""
    known = variant.artifact.notes.get(READ_NOTE, "") if variant.artifact else ""
    return int(known) if known.isdecimal() else None


def _bandwidth_share(per_token_ns: Spread | None, read: int | None, roof: Roof | None) -> Spread | Unknown:
    if per_token_ns is None or read is None:
        return Unknown("bytes-a-token-untold")
    if roof is None:
        return Unknown("roofline-no-ceilings")
    rate, most = _rate(per_token_ns), roof.per_second.median
    return Spread(rate.median * read / most, rate.least * read / most, rate.most * read / most)


def _over(per_block: Sequence[Sequence[Generation]], read: Callable[[Generation], float | None]) -> Spread | None:
    """Medians of the blocks; None where one of the answers has no such number."""
    values = [[read(answer) for answer in answers] for answers in per_block]
    known = [[value for value in block if value is not None] for block in values]
    if any(len(block) < len(all_of_it) for block, all_of_it in zip(known, values, strict=True)):
        return None
    return spread([statistics.median(block) for block in known])


def _medians(per_block: Sequence[Sequence[Generation]], read: Callable[[Generation], float]) -> Spread:
    return spread([statistics.median(read(answer) for answer in answers) for answers in per_block])


def _rate(per_token: Spread) -> Spread:
    return Spread(1e9 / per_token.median, 1e9 / per_token.most, 1e9 / per_token.least)


def _counted(counts: Sequence[int | None]) -> Spread | Unknown:
    known = [count for count in counts if count is not None]
    return spread(known) if len(known) == len(counts) else Unknown("tokens-untold")


def _why_no_gaps(answers: Sequence[Generation]) -> Unknown:
    """Why nothing is known of the time between tokens."""
    if any(answer.tokens is None for answer in answers):
        return Unknown("tokens-untold")
    if all(token_count(answer) == 1 for answer in answers):
        return Unknown("one-token")
    return Unknown("tokens-in-one-piece")


def _gaps(answers: Sequence[Generation]) -> tuple[Percentile, ...]:
    gaps = [gap for answer in answers for gap in gaps_ns(answer)]
    if not gaps or any(answer.tokens is None for answer in answers):
        return ()
    return percentiles([round(gap) for gap in gaps])


def _ratios(times: Sequence[BlockTimes], variant: str, baseline: str) -> Sequence[tuple[str, Estimate]]:
    """Paired within cycles, over the blocks: the protocol's own statistic, of tokens."""
    found, kept = list[tuple[str, Estimate]](), kept_blocks(times)
    for name in TOKEN_STATISTICS:
        values = [value for block in kept if (value := block.log_ratio(variant, baseline, name)) is not None]
        if interval := log_interval(values):
            found.append((name, ratio(interval)))
    return found
