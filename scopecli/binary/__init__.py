"""Bytes to values: bounded reading and the wire formats that several file formats share."""
