"""How far a runtime's likelihood of fixed texts lies from that of the model file itself, computed in fp32.

A runtime may compute something else than its file says: round what enters a matrix, keep keys and values in fewer bits,
change the weights as it loads them. What it then gains in speed it has paid for, and this is the bill.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generator.core.errors import WorkerError
from generator.core.record import Observations
from generator.workloads.metrics.observations import floats

SHIFT, DEVIATION = "likelihood-shift", "likelihood-deviation"


def observe_file_likelihood(
    found: Sequence[NDArray[np.generic]], expected: Sequence[NDArray[np.generic]]
) -> tuple[Observations, ...]:
    """Compare what texts cost a runtime with what they cost the file's own weights.

    Args:
        found: natural negative log probabilities of each text's tokens, as the runtime has them.
        expected: the same of the file's weights in fp32.

    Returns:
        Mean difference a token, a value a text: above 0 the runtime is more surprised. And the mean of its absolute
        value, which differences that cancel do not hide.

    Raises:
        WorkerError: when a text is missing or has another length.
    """
    if [one.shape for one in found] != [one.shape for one in expected]:
        raise WorkerError("quality", "the scored texts are not those that the file's weights were asked for")
    gaps = [np.asarray(a, np.float64) - np.asarray(b, np.float64) for a, b in zip(found, expected, strict=True)]
    shift, deviation = (
        floats(np.array(values)) for values in ([g.mean() for g in gaps], [abs(g).mean() for g in gaps])
    )
    return (
        Observations(metric=SHIFT, kind="mean", reference="file", better="lower", values=shift),
        Observations(metric=DEVIATION, kind="mean", reference="file", better="lower", values=deviation),
    )
