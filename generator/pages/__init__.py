"""Turns findings into pages in two languages: words, charts, downloads. It measures nothing and writes no file."""
