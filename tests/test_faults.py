"""What goes wrong around scopecli: files, folders, pipes, disks, terminals and encodings.

Each ends with one line on standard error and exit code 2, or does not matter at all.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scopecli.binary.source import Source
from scopecli.errors import ScopecliError
from scopecli.formats.opening import load
from tests.command_lines import IDS, LINES
from tests.commands import Result, Run, assert_one_line
from tests.forks import forked, obeying_permissions
from tests.reading import read_some
from tests.samples import GOOD, SAMPLES, files_of

every_command = pytest.mark.parametrize("line", LINES, ids=IDS)


@pytest.fixture(autouse=True)
def _among_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLES)


def copied(sample: str, folder: Path) -> list[Path]:
    """A copy of a sample in an empty folder; its files."""
    for path in files_of(sample):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SAMPLES / path, folder / path)
    return [folder / path for path in files_of(sample)]


class TestFilesThatChange:
    """Nothing is mapped into memory, so a file that shrinks gives an error and no signal."""

    @pytest.mark.parametrize("sample", GOOD)
    def test_shrinking_while_the_structure_is_read(
        self, sample: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before the first read, before the second, and so on."""
        read = Source._read
        for number in range(7):
            paths = copied(sample, tmp_path)
            left = number

            def shrinking(source: Source, offset: int, length: int) -> bytes:
                nonlocal left
                left -= 1
                if left < 0:
                    os.truncate(source.path, os.path.getsize(source.path) // 2)
                return read(source, offset, length)

            monkeypatch.setattr(Source, "_read", shrinking)
            with contextlib.suppress(ScopecliError):
                read_some(load(tmp_path / sample))
            monkeypatch.setattr(Source, "_read", read)
            assert all(path.exists() for path in paths)

    @pytest.mark.parametrize("harm", [b"", b"\0", b"\xff"])
    @pytest.mark.parametrize("sample", GOOD)
    def test_replaced_before_the_values_are_read(
        self, sample: str, harm: bytes, tmp_path: Path
    ) -> None:
        paths = copied(sample, tmp_path)
        model = load(tmp_path / sample)
        for path in paths:
            size = path.stat().st_size
            path.write_bytes((harm * size)[:size])
        read_some(model)

    @pytest.mark.parametrize("sample", GOOD)
    def test_removed_before_the_values_are_read(self, sample: str, tmp_path: Path) -> None:
        paths = copied(sample, tmp_path)
        model = load(tmp_path / sample)
        for path in paths:
            path.unlink()
        read_some(model)

    @pytest.mark.parametrize(
        "line", [("stats", "m"), ("diff", "--values", "m", "m"), ("tree", "m")]
    )
    def test_a_process_is_not_killed(self, line: tuple[str, ...], tmp_path: Path) -> None:
        """One that maps a file into memory would be, by SIGBUS."""
        shutil.copy("pairs/converted.safetensors", tmp_path / "m")
        read = Source._read

        def shrink() -> None:
            def shrinking(source: Source, offset: int, length: int) -> bytes:
                if offset:
                    os.truncate(source.path, 0)
                return read(source, offset, length)

            setattr(Source, "_read", shrinking)  # noqa: B010 - of the child alone
            os.chdir(tmp_path)

        with open(os.devnull, "wb") as null:
            code, text = forked(line, null.fileno(), shrink)
        assert code == 2, text
        assert "became shorter while it was read" in text
        assert len(text.splitlines()) == 1


class TestPathsOfAnyKind:
    KINDS = ("folder", "fifo", "null", "loop", "dangling", "forbidden", "inside forbidden")
    OPTIONS = (
        "validate --baseline {} graphs/twins.meta",
        "validate --against {} graphs/twins.meta",
        "rename plain.h5 --dry-run --map {}",
        "diff plain.h5 {}",
        "diff --restore graphs/twins.meta {}",
        "collections {}",
        "show {} w",
        "stats {}",
        "dryrun --as tensorflow {}",
    )

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("command", ["tree {}", "list {}", "info {}", "reuse {}", *OPTIONS])
    def test_where_a_file_is_meant(self, command: str, kind: str, tmp_path: Path) -> None:
        path = self.made(kind, tmp_path)
        if command.startswith("dryrun") and kind in {"null", "fifo"}:
            pytest.skip("a program may come out of a pipe, and may be empty")
        with open(os.devnull, "wb") as null:
            code, text = forked(
                tuple(command.format(path).split()), null.fileno(), obeying_permissions
            )
        assert_one_line(Result(code, "", text))
        if "forbidden" in kind:
            assert "cannot be opened: Permission denied" in text

    def made(self, kind: str, folder: Path) -> str:
        path = folder / kind
        if kind == "null":
            return os.devnull
        if kind == "folder":
            path.mkdir()
        elif kind == "fifo":
            os.mkfifo(path)
        elif kind == "loop":
            path.symlink_to("loop")
        elif kind == "dangling":
            path.symlink_to("nowhere")
        elif kind == "forbidden":
            shutil.copy("plain.h5", path)
            path.chmod(0)
        else:
            path = folder / "closed" / "plain.h5"
            path.parent.mkdir()
            shutil.copy("plain.h5", path)
            path.parent.chmod(0o400)
        return str(path)

    @pytest.mark.parametrize("name", ["new\nline", "tab\t\x1b[2J", "%s {0}", "-x", "a b", "größe"])
    def test_names_of_files(self, name: str, run: Run, tmp_path: Path) -> None:
        path = tmp_path / name
        shutil.copy("plain.h5", path)
        for command in ("tree", "list", "validate", "stats"):
            result = run(command, str(path))
            assert result.code in {0, 1}
            assert result.err == ""
            assert "\x1b" not in result.out

    def test_a_name_that_is_no_utf8(self, run: Run, tmp_path: Path) -> None:
        path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.h5")
        shutil.copy("plain.h5", path)
        for line in LINES:
            if line[0] in {"tree", "list", "info", "stats", "validate", "reuse"}:
                result = run(line[0], path, *line[-2:])
                assert result.code in {0, 1}, line
                result.out.encode()
        assert_one_line(run("tree", f"{path}x"), "caf\\xe9.h5x")


class TestWindowsPaths:
    """Of a checkpoint's state file: see `broken/stale_state_windows`."""

    def test_shards_of_an_index(self, tmp_path: Path) -> None:
        (tmp_path / "parts").mkdir()
        for path in Path("sharded_safetensors").glob("*.safetensors"):
            shutil.copy(path, tmp_path / "parts")
        text = Path("sharded_safetensors/model.safetensors.index.json").read_text("utf-8")
        index = tmp_path / "model.safetensors.index.json"
        index.write_text(text.replace(': "model-', ': "parts\\\\model-'), "utf-8")
        model = load(tmp_path)
        assert not model.notes
        assert model.variables[0].shape == load("sharded_safetensors").variables[0].shape
        read_some(model)

    @pytest.mark.parametrize("shard", ["..\\m.safetensors", "C:m.safetensors", "\\m.safetensors"])
    def test_shards_outside(self, shard: str, tmp_path: Path) -> None:
        index = tmp_path / "model.safetensors.index.json"
        index.write_text('{"weight_map": {"w": "' + shard.replace("\\", "\\\\") + '"}}', "utf-8")
        with pytest.raises(ScopecliError, match="names a shard outside its folder"):
            load(tmp_path)

    def test_external_data(self, tmp_path: Path) -> None:
        (tmp_path / "d").mkdir()
        shutil.copy("onnx_external/model.onnx.data", tmp_path / "d" / "model.bin")
        data = Path("onnx_external/model.onnx").read_bytes()
        # A name of the same length, so that no length in the file has to change.
        (tmp_path / "m.onnx").write_bytes(data.replace(b"model.onnx.data", rb"d\.\.\model.bin"))
        model = load(tmp_path / "m.onnx")
        assert [note.code for note in model.notes] == []
        read_some(model)


class TestOutput:
    @every_command
    def test_a_closed_pipe(self, line: tuple[str, ...]) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        try:
            code, text = forked(line, writing)
        finally:
            os.close(writing)
        assert (code, text) == (-signal.SIGPIPE, "")

    @every_command
    def test_a_full_disk(self, line: tuple[str, ...]) -> None:
        with open("/dev/full", "wb") as full:
            code, text = forked(line, full.fileno())
        assert (code, text) == (
            2,
            "scopecli: cannot write output: No space left on device\n",
        )

    @pytest.mark.parametrize(
        "line",
        [
            "validate graphs/twins.meta --format sarif --output /dev/full",
            "validate graphs/gan_twins.meta --write-baseline /dev/full",
        ],
    )
    def test_a_full_disk_for_a_report(self, line: str, run: Run) -> None:
        assert_one_line(run(*line.split()), "/dev/full", "No space left on device")

    @pytest.mark.parametrize(
        "line",
        [
            "validate graphs/twins.meta --format sarif --output {}",
            "validate graphs/twins.meta --write-baseline {}",
            "diff pairs/base pairs/scope_renamed --emit-map {}/map.json",
            "rename plain.h5 -o {}/no/such/m.h5 --add-prefix a/",
        ],
    )
    def test_a_folder_where_a_file_is_to_be_written(
        self, line: str, run: Run, tmp_path: Path
    ) -> None:
        (tmp_path / "map.json").mkdir()
        assert_one_line(run(*line.format(tmp_path).split()), str(tmp_path))

    @every_command
    @pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
    def test_letters_that_an_encoding_does_not_have(
        self, line: tuple[str, ...], encoding: str, run: Run
    ) -> None:
        poor, rich = run(*line, encoding=encoding), run(*line)
        assert (poor.code, poor.err) == (rich.code, rich.err)
        assert poor.out.isascii() or encoding != "ascii"
        assert len(poor.out.splitlines()) == len(rich.out.splitlines())

    @every_command
    def test_forty_columns(
        self, line: tuple[str, ...], run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing is cut off, and nothing wrapped that could not be copied then."""
        wide = run(*line, tty=True)
        monkeypatch.setenv("COLUMNS", "40")
        assert run(*line, tty=True) == wide

    @every_command
    def test_colours_as_the_environment_wants_them(
        self, line: tuple[str, ...], run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain = run(*line)
        assert "\x1b" not in plain.out
        monkeypatch.setenv("FORCE_COLOR", "1")
        forced = run(*line)
        assert ("\x1b[" in forced.out) == (line[-1] in {"terminal", "table"})
        monkeypatch.setenv("NO_COLOR", "1")
        assert run(*line) == plain

    @every_command
    def test_ctrl_c(self, line: tuple[str, ...], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Wherever it comes while a file is read; libhdf5 reads through scopecli's own code."""

        def interrupt(*_: object) -> bytes:
            raise KeyboardInterrupt

        if line[0] in {"rules", "dryrun"}:
            monkeypatch.setattr("scopecli.render.output.write", interrupt)
            monkeypatch.setattr("scopecli.render.output.write_lines", interrupt)
        else:
            monkeypatch.setattr(Source, "read", interrupt)
        result = run(*line)
        assert (result.code, result.out, result.err.strip()) == (130, "", "")


class TestWriting:
    RENAMES = (
        ("plain.h5", "m.h5"),
        ("keras2_weights.h5", "weights.h5"),
        ("sharded_safetensors/model-00001-of-00002.safetensors", "m.safetensors"),
        ("tf1_gan", "m"),
        ("arrays.npz", "m.npz"),
        ("graphs/twins.meta", "m.meta"),
    )

    @pytest.mark.parametrize(("sample", "name"), RENAMES)
    def test_a_file_that_may_not_grow(self, sample: str, name: str, tmp_path: Path) -> None:
        """As by a quota, or a disk that fills up."""
        line = ("rename", sample, "-o", str(tmp_path / name), "--add-prefix", "longer/")

        def limit() -> None:
            sys.dont_write_bytecode = True  # or modules that are imported now are cut short on disk
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

        reading, writing = os.pipe()
        code, text = forked(line, writing, limit)
        os.close(writing)
        os.close(reading)
        assert_one_line(Result(code, "", text), "cannot be written")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("sample", "name"), RENAMES)
    def test_a_job_that_is_ended(self, sample: str, name: str, tmp_path: Path) -> None:
        """As schedulers end them: what was half written goes away."""
        program = (
            "import os, signal, sys\n"
            "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGTERM)\n"
            "from scopecli.cli.main import main\n"
            "main(sys.argv[1:])\n"
        )
        line = ("rename", sample, "-o", str(tmp_path / name), "--add-prefix", "longer/")
        done = subprocess.run(
            [sys.executable, "-c", program, *line], cwd=SAMPLES, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, b"")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("sample", "name"), RENAMES)
    def test_a_folder_that_may_not_be_written(self, sample: str, name: str, tmp_path: Path) -> None:
        tmp_path.chmod(0o555)
        line = ("rename", sample, "-o", str(tmp_path / name), "--add-prefix", "longer/")
        with open(os.devnull, "wb") as null:
            code, text = forked(line, null.fileno(), obeying_permissions)
        assert_one_line(Result(code, "", text), str(tmp_path))

    @pytest.mark.skipif(os.getuid() != 0, reason="only root mounts")
    @pytest.mark.parametrize(("sample", "name"), RENAMES)
    def test_a_small_disk(self, sample: str, name: str, run: Run, tmp_path: Path) -> None:
        disk = tmp_path / "disk"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(disk)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip("mounting is not permitted here")
        try:
            result = run("rename", sample, "-o", str(disk / name), "--add-prefix", "longer/")
            left = list(disk.iterdir())
        finally:
            subprocess.run(["umount", str(disk)], check=True)
        assert_one_line(result, "No space left on device")
        assert left == []
