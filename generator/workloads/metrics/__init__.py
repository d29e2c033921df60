"""Quality of answers, a value a sample."""
