"""Charts: what each shows of findings, in words and numbers; `KINDS` makes them, the room `draw` draws them."""
