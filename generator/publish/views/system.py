"""The machine, as templates see it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator.publish.phrases import Phrases
from generator.publish.sentences import Sentences
from generator.record import SystemDescription


def machine_name(processor: str | None, system_type: str | None, phrases: Phrases) -> str:
    """A machine by its processor and its kind, as its description gives them."""
    name, kind = processor_name(processor, phrases), type_name(system_type, phrases)
    return phrases.say("page.system", name=name, type=kind)


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
        """Processor and kind of machine."""
        return machine_name(self.system.host_processor_model_name, self.system.system_type, self.sentences.phrases)

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
