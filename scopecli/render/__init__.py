"""How results look: the only package that knows about terminals, colours and documents."""
