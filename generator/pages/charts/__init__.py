"""Charts: `KINDS` makes them of findings, `drawing` draws them, `svg` and `gallery` bring them into a page.

Their words, numbers and marks are plain data (`Chart`, `Picture`); only `drawing`, `rows`, `sheet` and `svg` know
matplotlib, and they are imported when a chart is not in the gallery yet.
"""
