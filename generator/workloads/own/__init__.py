"""A model file that somebody brings: what its graph says of itself, inputs for it, and what is refused of it.

The file is data: nothing of it is run here. A pickle, which may run any code when it is read, is refused unread.
"""
