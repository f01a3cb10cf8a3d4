"""What a pickle would import, and what that means: allowed, refused, or plainly hostile.

The first table has what `torch.load(weights_only=True)` allows without being told to, in PyTorch
2.13: `torch/_weights_only_unpickler.py`, `_get_allowed_globals`. The second has what runs a program
or opens a connection, and has no place in any model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.formats.torch.types import STORAGES, TYPES
from scopecli.model.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scopecli.binary.pickle.values import Global

UNSAFE = "unsafe-global"
HOSTILE = "hostile-global"

_MOST = 1000

_TENSORS = [
    "BFloat16Tensor",
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
]
_QUANTIZATION = [
    "per_tensor_affine",
    "per_tensor_symmetric",
    "per_channel_affine",
    "per_channel_symmetric",
    "per_channel_affine_float_qparams",
]
_REBUILD = [
    "_rebuild_parameter",
    "_rebuild_parameter_with_state",
    "_rebuild_qtensor",
    "_rebuild_tensor",
    "_rebuild_tensor_v2",
    "_rebuild_tensor_v3",
    "_rebuild_sparse_tensor",
    "_rebuild_meta_tensor_no_storage",
    "_rebuild_nested_tensor",
    "_rebuild_wrapper_subclass",
    "_rebuild_device_tensor_from_numpy",
    "_rebuild_device_tensor_from_cpu_tensor",
]
_TYPED = [name for name in STORAGES if name != "UntypedStorage"]
_CUDA = [name for name in _TYPED if not name.startswith("Q")]

ALLOWED = frozenset(
    {
        "collections.OrderedDict",
        "collections.Counter",
        "torch.nn.parameter.Parameter",
        "torch.serialization._get_layout",
        "torch.Size",
        "torch.Tensor",
        "torch.device",
        "_codecs.encode",
        "builtins.bytearray",
        "builtins.set",
        "builtins.complex",
        "torch._tensor._rebuild_from_type_v2",
        "torch.storage.TypedStorage",
        "torch.storage.UntypedStorage",
        *TYPES,
        *(f"torch.{name}" for name in (*_TYPED, *_TENSORS, *_QUANTIZATION)),
        *(f"torch.cuda.{name}" for name in (*_CUDA, *_TENSORS)),
        *(
            f"torch{device}.sparse.{name}"
            for device in ("", ".cuda")
            for name in _TENSORS
            if name != "BoolTensor"
        ),
        *(f"torch._utils.{name}" for name in _REBUILD),
    }
)

_HOSTILE_MODULES = frozenset(
    {
        "os",
        "posix",
        "nt",
        "sys",
        "subprocess",
        "_posixsubprocess",
        "commands",
        "popen2",
        "pty",
        "shutil",
        "socket",
        "ssl",
        "ftplib",
        "smtplib",
        "telnetlib",
        "http",
        "urllib",
        "urllib2",
        "httplib",
        "requests",
        "aiohttp",
        "webbrowser",
        "runpy",
        "importlib",
        "ctypes",
        "code",
        "codeop",
        "pdb",
        "bdb",
        "cProfile",
        "profile",
        "timeit",
        "pip",
        "asyncio",
        "multiprocessing",
        "signal",
        "marshal",
        "pickle",
        "_pickle",
        "cPickle",
        "dill",
        "cloudpickle",
        "tempfile",
        # Less known, and found in pickles that scanners were to overlook.
        "doctest",
        "ensurepip",
        "idlelib",
        "imaplib",
        "imp",
        "lib2to3",
        "nntplib",
        "pipes",
        "poplib",
        "pydoc",
        "venv",
        "xmlrpc",
        "zipimport",
    }
)
_HOSTILE = frozenset(
    {
        "builtins.eval",
        "builtins.exec",
        "builtins.execfile",
        "builtins.compile",
        "builtins.open",
        "builtins.apply",
        "builtins.input",
        "builtins.breakpoint",
        "builtins.__import__",
        "io.open",
        "_io.open",
        "_io.FileIO",
        "io.FileIO",
        "types.CodeType",
        "types.FunctionType",
        "types.LambdaType",
        "new.function",
        "new.code",
        "operator.attrgetter",
        "operator.methodcaller",
        "pkgutil.resolve_name",
        "uuid._get_command_stdout",
        "numpy.load",
        "numpy.f2py.crackfortran._eval_length",
        "numpy.f2py.crackfortran.getlincoef",
        "numpy.testing._private.utils.runstring",
        "torch.hub.load",
        "torch.load",
        "torch.serialization.load",
        "torch.jit.load",
        "torch.hub.download_url_to_file",
        "torch.hub.load_state_dict_from_url",
        "torch._inductor.codecache.compile_file",
        "torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression",
        "torch.jit.unsupported_tensor_ops.execWrapper",
        "torch.utils._config_module.load_config",
        "torch.utils.bottleneck.__main__.run_autograd_prof",
        "torch.utils.bottleneck.__main__.run_cprofile",
        "torch.utils.collect_env.run",
        "torch.utils.cpp_extension.load",
        "torch.utils.cpp_extension.load_inline",
        "torch.utils.data.datapipes.utils.decoder.basichandlers",
    }
)
_COMPUTED = "?.?"

# Names of Python 2, as `pickle` and PyTorch map them.
_RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg"}


# Modules that others have among their names, as `torch.os`. No model is saved with a module in it.
_WITHIN = frozenset({"builtins", "importlib", "os", "subprocess", "sys"})


def modern_path(found: Global) -> str:
    """The name that an import has today.

    From protocol 4 on, `torch` with the name `os.system` is `os.system`, and is called so here.
    """
    parts = found.name.split(".")
    for number, part in enumerate(parts):
        inner = part.lstrip("_")  # `collections` has `_sys`
        if inner in _WITHIN or (len(parts) > 1 and inner in _HOSTILE_MODULES):
            return ".".join((inner, *parts[number + 1 :]))
    return f"{_RENAMED.get(found.module, found.module)}.{found.name}"


def is_hostile(path: str) -> bool:
    """Whether an import runs programs, or hides what it is."""
    module = path.partition(".")[0]
    named = path in _HOSTILE or path in (_COMPUTED, "builtins")
    return named or module in _HOSTILE_MODULES


def _danger(path: str) -> int:
    """0 where it is hostile, 1 where it is refused, 2 where it is allowed."""
    if path in ALLOWED:
        return 2
    return 0 if is_hostile(path) else 1


def listing(imports: Iterable[Global]) -> tuple[str, ...]:
    """The names of all imports, the most dangerous first, in an order of their own."""
    paths = {modern_path(found) for found in imports}
    return tuple(sorted(paths, key=lambda path: (_danger(path), path))[:_MOST])


def notes(paths: Iterable[str]) -> list[Note]:
    """A note for each import that `weights_only` refuses; another for one that is hostile."""
    found = []
    for path in paths:
        danger = _danger(path)
        if path == _COMPUTED:
            message = "would import something whose name it computes: load this file nowhere"
            found.append(Note(HOSTILE, message, path))
        elif danger == 0:
            message = "would be imported, and can run programs: load this file nowhere"
            found.append(Note(HOSTILE, message, path))
        elif danger == 1:
            message = "would be imported, which torch.load refuses with weights_only=True"
            found.append(Note(UNSAFE, message, path))
    return found
