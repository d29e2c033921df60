"""One suite on many machines: what they are asked, and what becomes of their records."""
