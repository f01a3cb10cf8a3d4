"""Graphs: their nodes, collections, savers and functions, in the wire format or as text."""
