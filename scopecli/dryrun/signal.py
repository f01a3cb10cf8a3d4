"""`tf.signal` and the older `tf.spectral`: Fourier transforms."""

from __future__ import annotations

from scopecli.dryrun.namespaces import attributes

__getattr__ = attributes(__name__, {"ops.fourier": "rfft rfft2d rfft3d irfft irfft2d irfft3d"})
