"""Measuring in a reader's browser: what the page needs for it, and the records that come of it."""
