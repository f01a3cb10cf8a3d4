"""Protocol buffers without their runtime: `wire` for bytes, `pbtxt` for text, and edits of both."""
