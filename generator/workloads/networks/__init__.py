"""Networks: their architectures, and their weights read or trained."""
