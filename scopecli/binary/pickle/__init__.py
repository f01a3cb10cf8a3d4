"""Pickle streams, walked without running them: `opcodes` reads one, `edit` changes names in one."""
