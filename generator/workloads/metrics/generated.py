"""Quality of generated text: how much a text surprises the model, and whether the same tokens follow as elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generator.core.errors import WorkerError
from generator.core.record import Observations
from generator.workloads.metrics.observations import floats, proportion
from generator.workloads.workload import Arrays

PERPLEXITY = "perplexity"
SURPRISAL = "surprisal"
"""Name of the array of a scored text's answer."""

TOKENS_A_PASS = "tokens-per-pass"
SAME_ANSWER = "same-generated-text"
SAME_START = "same-generated-start"


def observe_generation(
    outputs: Sequence[Arrays], samples: Sequence[Arrays], baseline: Sequence[Arrays] | None
) -> tuple[Observations, ...]:
    """Judge generated and scored texts.

    Args:
        outputs: for a prompt "tokens", (requests, wanted), and "passes", (1,); for a text that is scored "surprisal",
            (1, tokens - 1), natural logarithms.
        samples: the queries.
        baseline: the outputs of the baseline.

    Returns:
        Perplexity, a value a scored text; generated tokens for each pass of the graph, a value a prompt; and against
        the baseline, a value a request, whether all tokens are the same, and the share that is before the first other
        one.

    Raises:
        WorkerError: when an answer is missing, has another shape, or is not finite.
    """
    if len(outputs) != len(samples):
        raise WorkerError("quality", f"there are {len(outputs)} answers to {len(samples)} samples")
    scored = [_surprisal(one, sample) for one, sample in zip(outputs, samples, strict=True) if not _wanted(sample)]
    generated = [index for index, sample in enumerate(samples) if _wanted(sample)]
    tokens = [_tokens(outputs[index], samples[index]) for index in generated]
    rates = [one.size / int(outputs[index]["passes"][0]) for one, index in zip(tokens, generated, strict=True)]
    observed = list[Observations]()
    if scored:
        values = floats(np.exp([one.mean() for one in scored]))
        observed.append(Observations(metric=PERPLEXITY, kind="mean", reference="label", better="lower", values=values))
    observed.append(
        Observations(metric=TOKENS_A_PASS, kind="mean", reference="baseline", values=floats(np.array(rates)))
    )
    if baseline is not None:
        theirs = [_tokens(baseline[index], samples[index]) for index in generated]
        same = np.concatenate(tokens) == np.concatenate(theirs)
        observed.append(proportion(SAME_ANSWER, "baseline", same.all(axis=1)))
        starts = floats(np.logical_and.accumulate(same, axis=1).mean(axis=1))
        observed.append(Observations(metric=SAME_START, kind="mean", reference="baseline", values=starts))
    return tuple(observed)


def _wanted(sample: Arrays) -> int:
    return int(sample["wanted"][0, 0])


def _tokens(output: Arrays, sample: Arrays) -> NDArray[np.generic]:
    found, shape = output.get("tokens"), (len(sample["prompt"]), _wanted(sample))
    if found is None or found.shape != shape:
        raise WorkerError("quality", f"an answer has {'no tokens' if found is None else found.shape}, not {shape}")
    return found


def _surprisal(output: Arrays, sample: Arrays) -> NDArray[np.float64]:
    found, shape = output.get(SURPRISAL), (1, sample["prompt"].shape[1] - 1)
    if found is None or found.shape != shape:
        raise WorkerError("quality", f"an answer has {'no scores' if found is None else found.shape}, not {shape}")
    scores = np.asarray(found, np.float64)
    if not np.isfinite(scores).all():
        raise WorkerError("quality", "the scores of a text are not finite")
    return scores
