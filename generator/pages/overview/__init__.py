"""Pages that look over all measurements: results, technologies, applications, systems, what did not help."""
