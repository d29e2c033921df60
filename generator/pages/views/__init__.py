"""What templates see: findings as ready-made strings, one language at a time."""
