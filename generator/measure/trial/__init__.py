"""A trial: a model file becomes a measurement of its own, in a folder of the cache, and is run like any other."""
