"""What a pickle would import that has no place in any model: it runs programs, or reaches out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.model import Note

if TYPE_CHECKING:
    from scopecli.binary.pickle.values import Global

HOSTILE = "hostile-global"

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


def hostile_note(path: str) -> Note:
    """What is said of such an import."""
    if path == _COMPUTED:
        message = "would import something whose name it computes: load this file nowhere"
    else:
        message = "would be imported, and can run programs: load this file nowhere"
    return Note(HOSTILE, message, path)
