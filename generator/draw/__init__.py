"""A chart as a picture: `drawing` draws it, `svg` and `gallery` bring it into a page. No chart's subject is known here.

Words, numbers and marks are plain data (`Chart`, `Picture`); what knows matplotlib is imported
when a chart is not in the gallery yet.
"""
