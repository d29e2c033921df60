"""Benchmarks of the measuring machinery itself; each is one command, none is a test. See README.md."""
