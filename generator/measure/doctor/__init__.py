"""What this machine can measure, how noisy it is, and how to make it quieter."""
