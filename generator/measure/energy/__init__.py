"""Energy while a block runs: counters of the machine, a meter at the wall, and which of them can be believed."""
