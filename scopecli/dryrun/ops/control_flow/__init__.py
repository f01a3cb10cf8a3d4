"""Control flow: conditionals, loops, and what is built inside them."""
