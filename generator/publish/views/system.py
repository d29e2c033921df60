"""The machine, as templates see it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator.publish.sentences import Sentences
from generator.record import SystemDescription


@dataclass(frozen=True)
class SystemView:
    """The machine."""

    system: SystemDescription
    sentences: Sentences

    @property
    def processor(self) -> str:
        """Processor's name."""
        name = re.sub(r"\((?:R|TM|C)\)", "", self.system.host_processor_model_name or "")
        return name.strip() or self.sentences.phrases.say("fact.unknown")

    @property
    def type(self) -> str:
        """Kind of machine."""
        return self.sentences.phrases.of("system_type", self.system.system_type or "unknown")

    @property
    def name(self) -> str:
        """Processor and kind of machine."""
        return self.sentences.phrases.say("page.system", name=self.processor, type=self.type)

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
