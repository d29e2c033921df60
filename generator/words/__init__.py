"""The two languages: numbers, phrases, Markdown. They know no page."""
