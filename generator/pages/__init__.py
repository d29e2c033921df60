"""Turns findings into pages in two languages: charts, articles, downloads. It measures nothing and writes no file."""
