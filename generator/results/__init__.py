"""Turns records into findings: pure functions, no formatting, no languages. What is in `__all__` is for everybody.

from generator.results import load, findings, frame

table = frame(findings(record) for record in load("."))
"""

from generator.results.records import Loaded, findings, frame, load

__all__ = ["Loaded", "findings", "frame", "load"]
