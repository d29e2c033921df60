"""Measures the efficiency of AI inference and publishes what was measured as a bilingual site.

Two arms meet only at a file, the record: `generator.measure` writes it, `generator.pages` reads it.
This module stays empty of imports: measuring workers load it in interpreters that have nothing but NumPy.
"""

__version__ = "0.2.0"
