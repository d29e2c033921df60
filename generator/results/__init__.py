"""Turns records into findings: pure functions, no files, no formatting, no languages."""
