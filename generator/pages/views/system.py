"""The machine, as templates see it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from generator.core.record import SystemDescription
from generator.pages.sentences import Sentences
from generator.words.phrases import Phrases

GENERATIONS: Mapping[str, str] = MappingProxyType(
    {
        "amx_int8": "AMX",
        "avx512_vnni": "AVX-512 VNNI",
        "avx512f": "AVX-512",
        "avx_vnni": "AVX-VNNI",
        "avx2": "AVX2",
        "sve2": "SVE2",
        "i8mm": "I8MM",
        "sve": "SVE",
        "asimddp": "NEON DotProd",
    }
)
"""Instruction sets by which processors of one name are told apart, the newest first of each maker's."""


def machine_name(
    processor: str | None, isa: Iterable[str], accelerator: str | None, system_type: str | None, phrases: Phrases
) -> str:
    """A machine by its processor, the newest of its instruction sets, its accelerator where it has one, and its kind.

    Cloud machines call processors of several generations by one name, and it is the instructions that ratios depend on.
    """
    name, kind = short_name(processor, isa, accelerator, phrases), type_name(system_type, phrases)
    return phrases.say("page.system", name=name, type=kind)


def short_name(processor: str | None, isa: Iterable[str], accelerator: str | None, phrases: Phrases) -> str:
    """The same without its kind."""
    known = set(isa)
    newest = next((words for flag, words in GENERATIONS.items() if flag in known), None)
    return ", ".join(one for one in (processor_name(processor, phrases), newest, accelerator) if one)


def processor_name(processor: str | None, phrases: Phrases) -> str:
    """A processor's name without the signs of trade marks."""
    name = re.sub(r"\((?:R|TM|C)\)", "", processor or "")
    return name.strip() or phrases.say("fact.unknown")


def type_name(system_type: str | None, phrases: Phrases) -> str:
    """A kind of machine."""
    return phrases.of("system_type", system_type or "unknown")


@dataclass(frozen=True)
class SystemView:
    """The machine."""

    system: SystemDescription
    sentences: Sentences

    @property
    def processor(self) -> str:
        """Processor's name."""
        return processor_name(self.system.host_processor_model_name, self.sentences.phrases)

    @property
    def type(self) -> str:
        """Kind of machine."""
        return type_name(self.system.system_type, self.sentences.phrases)

    @property
    def name(self) -> str:
        """Processor, instructions, accelerator and kind of machine."""
        system = self.system
        known = system.host_processor_model_name, system.host_processor_isa, system.accelerator_model_name
        return machine_name(*known, system.system_type, self.sentences.phrases)

    @property
    def short_name(self) -> str:
        """Processor, instructions and accelerator."""
        system = self.system
        known = system.host_processor_model_name, system.host_processor_isa, system.accelerator_model_name
        return short_name(*known, self.sentences.phrases)

    @property
    def cores(self) -> str:
        """Cores that the system sees."""
        say, system = self.sentences.phrases.say, self.system
        if system.host_processor_logical_count is None:
            return say("fact.unknown")
        if system.host_processor_core_count is None:
            return say("fact.cores_logical", logical=system.host_processor_logical_count)
        return say(
            "fact.cores_value",
            physical=system.host_processor_core_count,
            logical=system.host_processor_logical_count,
        )

    @property
    def memory(self) -> str:
        """Main memory."""
        size = self.system.host_memory_capacity_bytes
        return self.sentences.language.size(size) if size else self.sentences.phrases.say("fact.unknown")

    def has(self, *flags: str) -> bool:
        """Whether the processor has any of these instruction sets."""
        return bool(set(flags) & set(self.system.host_processor_isa))

    @property
    def isa(self) -> list[str]:
        """Instruction sets that matter, explained."""
        phrases = self.sentences.phrases
        return [phrases.say(f"isa.{flag}") for flag in self.system.host_processor_isa if phrases.has(f"isa.{flag}")]
