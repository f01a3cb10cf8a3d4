"""Bytes to values: bounded reading and the wire formats that several file formats share.

Everything reads through `source`. A wire format is a module, its writer another beside it, or a
folder where it takes more; what only one file format has is with that format in `scopecli.formats`.
"""
