"""What bounds a variant: the machine's ceilings, and the work that a model asks for."""
