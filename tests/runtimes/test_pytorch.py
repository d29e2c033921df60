"""pytorch: other number formats and devices leave queries and answers where they were."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from generator.runtimes.pytorch import Moved  # noqa: E402

CPU = torch.device("cpu")


class _Halves(torch.nn.Module):  # type: ignore[name-defined]
    """Two outputs: of a float input in the module's own format, and of an input of whole numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.full((2,), 1.001))
        self.seen: list[object] = []

    def forward(self, x: torch.Tensor, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:  # type: ignore[name-defined]
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


def test_another_layout_is_the_same_answer() -> None:
    """A pixel's channels lie together in the filters and in what they are given; outside nothing is seen of it."""
    torch.manual_seed(0)
    network, images = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU()), torch.rand(2, 3, 8, 8)
    expected = network(images)
    moved = Moved(network, CPU, torch.float32, torch.channels_last)
    assert network[0].weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(moved(images), expected)


def _network() -> torch.nn.Module:  # type: ignore[name-defined]
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(288, 5))


on_a_card = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@on_a_card
@pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 1e-4), (torch.bfloat16, 2e-2)])
def test_recorded_kernels_answer_every_query_with_its_own_answer(dtype: torch.dtype, close: float) -> None:  # type: ignore[name-defined]
    """Replaying reads the new inputs, whatever batch came before; and an answer survives the next query."""
    with torch.inference_mode():
        plain, network = Moved(_network().eval(), torch.device("cuda"), dtype), _network().eval()
        replayed = Moved(network, torch.device("cuda"), dtype, torch.channels_last, graph=True)
        queries = [torch.rand(count, 3, 8, 8) for count in (1, 1, 4, 1, 4)]
        answers = [replayed(query.pin_memory()) for query in queries]
        for query, answer in zip(queries, answers, strict=True):
            torch.testing.assert_close(answer, plain(query), rtol=close, atol=close)


@on_a_card
def test_the_answer_is_back_in_main_memory_when_the_call_returns() -> None:
    """So that a query that is timed has really been answered."""
    answer = Moved(torch.nn.Linear(2, 1), torch.device("cuda"), torch.float32)(torch.ones(1, 2))
    assert answer.device == CPU
