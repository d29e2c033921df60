"""What networks are asked about: photographs, texts, series, as arrays."""
