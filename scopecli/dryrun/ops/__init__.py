"""Operations: the table of them, making nodes, and functions that make several."""
