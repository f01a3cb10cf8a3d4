"""`tf.io`: what stands in `tf` and `tf.image` too."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.namespaces import attributes

_own = attributes(
    __name__,
    {"program.parsing": "FixedLenFeature VarLenFeature parse_single_example parse_example"},
)


def __getattr__(name: str) -> Any:
    """Files are `tf.gfile`'s, and pictures `tf.image`'s."""
    from scopecli.dryrun.ops.wrappers import wrapper_in

    if name == "gfile":
        from scopecli.dryrun import gfile

        return gfile
    picture = wrapper_in("image", name) if name.startswith(("decode_", "encode_")) else None
    return _own(name) if picture is None else picture
