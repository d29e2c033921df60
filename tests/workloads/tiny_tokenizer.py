"""A tokenizer of a dozen words, in the form of all-MiniLM-L6-v2's."""

from __future__ import annotations

from pathlib import Path

WORDS = (
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "who",
    "wrote",
    "it",
    "what",
    "is",
    "this",
    "a",
    "text",
    "good",
    "bad",
    ".",
)
CLS, SEP = WORDS.index("[CLS]"), WORDS.index("[SEP]")


def write_tokenizer(path: Path) -> Path:
    """Write it, with padding and truncation switched on, as the published one has them."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", CLS), ("[SEP]", SEP)]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    tokenizer.enable_truncation(10)
    tokenizer.enable_padding(length=10)
    tokenizer.save(str(path))
    return path


def numbers(*words: str) -> tuple[int, ...]:
    """What the tokenizer makes of these words."""
    return (CLS, *(WORDS.index(word) for word in words), SEP)
