"""A rename: its rules, its plan with all conflicts, and its moves folded."""
