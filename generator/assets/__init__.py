"""Pinned, hash-checked downloads (weights, photographs) and the cache that holds whatever is made of them."""
