"""Runs definitions and writes records. Knows nothing of pages."""
