"""llama.cpp of 2025 and later, in process, through the C functions that the package xllamacpp's library exports.

Parameters are structures that grow from release to release. They are taken from the library's own functions of default
values as bytes, larger than any of them is; of those bytes only the first number is changed, the length of the context,
which has stood there since 2023. What else is set has a function of its own.

Everything else is as the library has it by default: keys and values in fp16, flash attention where it chooses so.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xllamacpp.xllamacpp

from generator.runtimes.greedy import GreedySession, Logits, Tokens
from generator.runtimes.session import Session, Spec

_DEFAULT_CONTEXT = 512
"""What the first number of the context's parameters is by default: it tells that it is the length."""


class _Parameters(ctypes.Structure):
    """Any structure of parameters, by value; the largest known has 200 bytes."""

    _fields_ = (("words", ctypes.c_uint32 * 256),)


class _Batch(ctypes.Structure):
    """`llama_batch`; pointers that are null mean: one text, tokens in their order, logits of the last one."""

    _fields_ = (
        ("count", ctypes.c_int32),
        ("token", ctypes.c_void_p),
        ("embd", ctypes.c_void_p),
        ("pos", ctypes.c_void_p),
        ("n_seq_id", ctypes.c_void_p),
        ("seq_id", ctypes.c_void_p),
        ("logits", ctypes.c_void_p),
    )


def _library() -> ctypes.CDLL:
    """The package's library with the types of what is called."""
    found, pointer = ctypes.CDLL(xllamacpp.xllamacpp.__file__), ctypes.c_void_p
    signatures: Mapping[str, tuple[Any, tuple[Any, ...]]] = {
        "llama_backend_init": (None, ()),
        "llama_model_default_params": (_Parameters, ()),
        "llama_context_default_params": (_Parameters, ()),
        "llama_model_load_from_file": (pointer, (ctypes.c_char_p, _Parameters)),
        "llama_model_n_ctx_train": (ctypes.c_int32, (pointer,)),
        "llama_model_get_vocab": (pointer, (pointer,)),
        "llama_vocab_n_tokens": (ctypes.c_int32, (pointer,)),
        "llama_init_from_model": (pointer, (pointer, _Parameters)),
        "llama_n_ctx": (ctypes.c_uint32, (pointer,)),
        "llama_set_n_threads": (None, (pointer, ctypes.c_int32, ctypes.c_int32)),
        "llama_n_threads": (ctypes.c_int32, (pointer,)),
        "llama_free": (None, (pointer,)),
        "llama_get_memory": (pointer, (pointer,)),
        "llama_memory_clear": (None, (pointer, ctypes.c_bool)),
        "llama_decode": (ctypes.c_int32, (pointer, _Batch)),
        "llama_get_logits_ith": (pointer, (pointer, ctypes.c_int32)),
        "llama_print_system_info": (ctypes.c_char_p, ()),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(found, name)
        function.restype, function.argtypes = result, arguments
    return found


class LlamaSession(GreedySession):
    """A GGUF file as it is."""

    version = version("xllamacpp")

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        self._library, self._threads, self._context = _library(), spec.threads, None
        self._library.llama_backend_init()
        defaults = self._library.llama_model_default_params()
        self._model = self._library.llama_model_load_from_file(spec.artifact.encode(), defaults)
        if not self._model:
            name = Path(spec.artifact).name
            raise RuntimeError(f"xllamacpp {self.version} cannot read '{name}'; its last lines say why")
        self._trained = self._library.llama_model_n_ctx_train(self._model)
        self._vocabulary = self._library.llama_vocab_n_tokens(self._library.llama_model_get_vocab(self._model))

    def make_room(self, tokens: int) -> None:
        """Make a context of this length; see `GreedySession`."""
        if tokens > self._trained:
            raise RuntimeError(f"a text of {tokens} tokens is longer than the {self._trained} that the model knows")
        if self._context:
            self._library.llama_free(self._context)
        parameters = self._library.llama_context_default_params()
        if parameters.words[0] != _DEFAULT_CONTEXT:
            problem = f"the context's parameters of xllamacpp {self.version} begin with {parameters.words[0]}"
            raise RuntimeError(f"{problem} and not with a length of {_DEFAULT_CONTEXT}: they have another form")
        parameters.words[0] = tokens
        self._context = self._library.llama_init_from_model(self._model, parameters)
        if not self._context or self._library.llama_n_ctx(self._context) < tokens:
            raise RuntimeError(f"xllamacpp {self.version} makes no context of {tokens} tokens")
        self._library.llama_set_n_threads(self._context, self._threads, self._threads)
        self._memory: Any = self._library.llama_get_memory(self._context)

    def forget(self) -> None:
        """Clear the memory of keys and values."""
        self._library.llama_memory_clear(self._memory, True)

    def read(self, tokens: Tokens) -> Logits:
        """One call of the library, which cuts long prompts by itself; see `GreedySession`."""
        self._decode(tokens, None)
        return self._logits(-1)

    def read_all(self, tokens: Tokens) -> Logits:
        """The same, with the logits of every token."""
        self.forget()
        wanted = np.ones(len(tokens), np.int8)
        self._decode(tokens, wanted.ctypes.data)
        return np.stack([self._logits(index).copy() for index in range(len(tokens))])

    def details(self) -> Mapping[str, str]:
        """Instruction sets that the library was built for, and how many threads it has."""
        return {
            "system info": self._library.llama_print_system_info().decode().strip(),
            "threads": str(self._library.llama_n_threads(self._context)) if self._context else "unknown",
            "context": str(self.context_tokens),
        }

    def _decode(self, tokens: Tokens, logits: int | None) -> None:
        batch = _Batch(len(tokens), tokens.ctypes.data, None, None, None, None, logits)
        if status := self._library.llama_decode(self._context, batch):
            raise RuntimeError(f"llama_decode gave {status} for {len(tokens)} tokens")

    def _logits(self, index: int) -> Logits:
        address = self._library.llama_get_logits_ith(self._context, index)
        if not address:
            raise RuntimeError(f"there are no logits of token {index}")
        return np.ctypeslib.as_array((ctypes.c_float * self._vocabulary).from_address(address))


def load(spec: Spec) -> Session:
    """Load a GGUF file."""
    return LlamaSession(spec)
