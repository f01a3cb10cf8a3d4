"""How things look: the only place that knows about terminals, colours and documents."""
