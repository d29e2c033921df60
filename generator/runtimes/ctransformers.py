"""llama.cpp of September 2023, in process, through the C functions of the package ctransformers.

The package itself is not imported: it asks for a hub's client that nothing here needs. Its library is loaded by path,
the one for AVX2, as the package would choose it.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from importlib.metadata import files, version
from pathlib import Path
from typing import Any

import numpy as np

from generator.runtimes.greedy import GreedySession, Logits, Tokens
from generator.runtimes.session import Session, Spec

PACKAGE = "ctransformers"

_BATCH = 512
"""Tokens of a prompt that are read at once, as llama.cpp had it by default; the package's own default is 8."""


class _Config(ctypes.Structure):
    _fields_ = (
        ("context_length", ctypes.c_int),
        ("gpu_layers", ctypes.c_int),
        ("mmap", ctypes.c_bool),
        ("mlock", ctypes.c_bool),
    )


def _library_path() -> Path:
    """The library for AVX2 and this system."""
    ending = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
    every = [Path(str(one.locate())) for one in files(PACKAGE) or () if one.suffix == ending]
    found = next((one for one in every if one.parent.name == "avx2"), None)
    if found is None:
        raise RuntimeError(f"the package {PACKAGE} {version(PACKAGE)} has no library for AVX2 on this machine")
    return found


def _library(path: Path) -> ctypes.CDLL:
    """The library with the types of what is called."""
    found, pointer, whole = ctypes.CDLL(str(path)), ctypes.c_void_p, ctypes.c_int
    signatures: Mapping[str, tuple[Any, tuple[Any, ...]]] = {
        "create": (pointer, (ctypes.c_char_p, ctypes.c_char_p, _Config)),
        "delete": (None, (pointer,)),
        "vocab_size": (whole, (pointer,)),
        "batch_eval": (ctypes.c_bool, (pointer, pointer, whole, whole, whole, whole)),
        "logits_data": (pointer, (pointer,)),
        "logits_size": (whole, (pointer,)),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(found, f"ctransformers_llm_{name}")
        function.restype, function.argtypes = result, arguments
    return found


class CTransformersSession(GreedySession):
    """A GGUF file as it is, if it is of a form that September 2023 knew."""

    version = version(PACKAGE)

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        self._path, self._threads = spec.artifact, spec.threads
        library = _library_path()
        self._built_for, self._library = library.parent.name, _library(library)
        self._model, self._length = None, 0

    def make_room(self, tokens: int) -> None:
        """Load the model with a context of this length: the two are one here; see `GreedySession`."""
        if self._model:
            self._library.ctransformers_llm_delete(self._model)
        config = _Config(tokens, 0, True, False)
        self._model = self._library.ctransformers_llm_create(self._path.encode(), b"gguf", config)
        if not self._model:
            name = Path(self._path).name
            raise RuntimeError(f"{PACKAGE} {self.version} cannot read '{name}'; its last lines say why")
        self._vocabulary: int = self._library.ctransformers_llm_vocab_size(self._model)

    def forget(self) -> None:
        """The next tokens are written over those that were read."""
        self._length = 0

    def read(self, tokens: Tokens) -> Logits:
        """One call of the library; see `GreedySession`."""
        count = len(tokens)
        done = self._library.ctransformers_llm_batch_eval(
            self._model, tokens.ctypes.data, count, self._length, _BATCH, self._threads
        )
        size = self._library.ctransformers_llm_logits_size(self._model)
        if not done or size != self._vocabulary:
            raise RuntimeError(f"{PACKAGE} {self.version} could not read {count} tokens after {self._length}")
        self._length += count
        address = self._library.ctransformers_llm_logits_data(self._model)
        return np.ctypeslib.as_array((ctypes.c_float * size).from_address(address))

    def read_all(self, tokens: Tokens) -> Logits:
        """Token by token: the library gives the logits of the last one alone."""
        self.forget()
        return np.stack([self.read(tokens[index : index + 1]).copy() for index in range(len(tokens))])

    def details(self) -> Mapping[str, str]:
        """Which of the package's libraries it is."""
        return {"library": self._built_for, "context": str(self.context_tokens), "threads": str(self._threads)}


def load(spec: Spec) -> Session:
    """Load a GGUF file; it is read when the lengths of the queries are known, still before the first one."""
    return CTransformersSession(spec)
