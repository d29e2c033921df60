"""pytorch: other number formats and devices leave queries and answers where they were."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from generator.runtimes.pytorch import Moved  # noqa: E402

CPU = torch.device("cpu")


class _Halves(torch.nn.Module):
    """Two outputs: of a float input in the module's own format, and of an input of whole numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.full((2,), 1.001))
        self.seen: list[object] = []

    def forward(self, x: torch.Tensor, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        self.seen += [x.dtype, index.dtype]
        return x * self.weight, self.weight[index]


def test_queries_and_answers_stay_in_fp32_and_whole_numbers_stay_whole() -> None:
    """The module computes in bf16 (1.001 is 1 there), and nobody outside has to know."""
    inside = _Halves()
    both = Moved(inside, CPU, torch.bfloat16)(torch.ones(2), torch.tensor([0, 1]))
    assert inside.seen == [torch.bfloat16, torch.int64]
    assert [one.dtype for one in both] == [torch.float32, torch.float32]
    assert torch.equal(both[0], torch.ones(2))


def test_a_single_output_stays_single() -> None:
    answer = Moved(torch.nn.Linear(2, 1, bias=False), CPU, torch.bfloat16)(torch.zeros(1, 2))
    assert isinstance(answer, torch.Tensor)
    assert answer.dtype is torch.float32


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_the_answer_is_back_in_main_memory_when_the_call_returns() -> None:
    """So that a query that is timed has really been answered."""
    answer = Moved(torch.nn.Linear(2, 1), torch.device("cuda"), torch.float32)(torch.ones(1, 2))
    assert answer.device == CPU
