"""What articles cite: published figures, the story with its sentences, and what our records say of them. No words."""
