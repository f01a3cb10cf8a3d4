"""Help, exit codes, and the one line that an error is."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import click
import pytest

from scopecli import __version__
from scopecli.cli import main
from scopecli.cli.group import COMMANDS
from tests.commands import Run, Spawn, assert_one_line
from tests.samples import BROKEN, GOOD, ROOT, SAMPLES, V2, prefix_of

GAN = str(SAMPLES / "tf1_gan")


class TestHelp:
    @pytest.mark.parametrize("flag", ["-h", "--help"])
    @pytest.mark.parametrize("command", [None, *COMMANDS])
    def test_every_page_has_usage_and_examples(
        self, run: Run, command: str | None, flag: str
    ) -> None:
        result = run(*([command] if command else []), flag)
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith(f"Usage: scopecli {command or '[OPTIONS]'}")
        assert "Examples:\n" in result.out
        assert f"  scopecli {command or ''}" in result.out
        assert all(len(line) <= 100 for line in result.out.splitlines())

    def test_the_list_of_commands(self, run: Run) -> None:
        text = run("-h").out
        for command, summary in COMMANDS.items():
            assert f"  {command} " in text
            assert summary in text
        assert "Exit codes" in text

    @pytest.mark.parametrize("command", COMMANDS)
    def test_options_say_what_they_do(self, command: str) -> None:
        context = click.Context(main.scopecli)
        found = main.scopecli.get_command(context, command)
        assert found is not None
        for parameter in found.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, parameter.name
                assert parameter.help.endswith((".", ":"))

    @pytest.mark.parametrize("command", [[], ["tree"], ["lint"]])
    def test_help_may_be_asked_for_as_of_git(self, run: Run, command: list[str]) -> None:
        assert run("help", *command) == run(*command, "--help")

    def test_no_arguments_show_help_and_fail(self, run: Run) -> None:
        result = run()
        assert result.code == 2
        assert "Usage: scopecli" in result.err

    @pytest.mark.parametrize("flag", ["-V", "--version"])
    def test_version(self, run: Run, flag: str) -> None:
        assert run(flag) == (0, f"scopecli {__version__}\n", "")
        assert version("scopecli") == __version__

    @pytest.mark.parametrize(
        ("words", "completed"),
        [
            ("scopecli t", ["tree"]),
            ("scopecli rules H80", ["H801", "H802", "H803", "H804"]),
            ("scopecli list --format j", ["json", "jsonl"]),
            ("scopecli validate --ignore N101,H80", [f"N101,H80{n}" for n in (1, 2, 3, 4)]),
            (
                f"scopecli show {GAN} generator/h0/w/",
                [f"generator/h0/w/Adam{n}" for n in ("", "_1")],
            ),
            (f"scopecli collections {GAN} t", ["train_op", "trainable_variables"]),
            ("scopecli show nowhere generator", []),
        ],
    )
    def test_completion(self, spawn: Spawn, words: str, completed: list[str]) -> None:
        script = spawn(env={"_SCOPECLI_COMPLETE": "bash_source"})
        assert "_SCOPECLI_COMPLETE=bash_complete" in script.out
        asked = {
            "_SCOPECLI_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        assert spawn(env=asked).out.split() == [f"plain,{word}" for word in completed]


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "parts"),
        [
            (["lst"], ["no command 'lst'", "did you mean 'list'? See scopecli -h"]),
            (["xyzzy"], ["no command 'xyzzy'; see scopecli -h"]),
            (["mv", GAN], ["no command 'mv', did you mean 'rename'?"]),
            ([GAN], [f"no command '{GAN}', did you mean 'tree {GAN}'?"]),
            (["help", "lst"], ["no command 'lst', did you mean 'list'?"]),
            (["list", "--fmt", GAN], ["no option '--fmt', did you mean '--format'", "? See sco"]),
            (["list", "--json", GAN], ["no option '--json', did you mean '--format json'? See"]),
            (["list", "--torch", GAN], ["did you mean '--input-format torch'?"]),
            (["list", "--zzz", GAN], ["no option '--zzz'; see scopecli list -h"]),
            (["tree"], ["PATH", "scopecli tree -h"]),
            (["tree", "--depth", "0", GAN], ["--depth", "scopecli tree -h"]),
            (["tree", "--depth", "x", GAN], ["--depth"]),
            (["tree", "--format", "xml", GAN], ["--format", "json"]),
            (["list", "--sort", "size", GAN], ["--sort"]),
            (["list", "--input-format", "h5", GAN], ["--input-format"]),
            (["show", GAN], ["NAME"]),
            (["show", "--slice", "a", GAN, "generator"], ["'a' is not a slice", "0,:5"]),
            (["--bogus"], ["--bogus"]),
            (["tree", "--bo\x1b[31mgus", GAN], ["\\x1b[31m"]),
        ],
    )
    def test_mistakes(self, run: Run, arguments: list[str], parts: list[str]) -> None:
        result = run(*arguments)
        assert_one_line(result, *parts)
        assert result.out == ""

    @pytest.mark.parametrize(
        ("arguments", "parts"),
        [
            (["tree", "nothing/here"], ["nothing/here: no such file or checkpoint"]),
            (["tree", "--scope", "generater", GAN], [GAN, "generater", "did you mean generator"]),
            (["list", "--scope", "zzz", GAN], ["has no scope 'zzz'"]),
            (["show", GAN, "generator/h9/w"], [GAN, "generator/h9/w", "did you mean"]),
            (["show", GAN, "generator/h0/w", "--slice", "1,6"], ["index 6 is outside axis 1"]),
            (["show", GAN, "generator/h0/w", "--slice", "-7"], ["index -7 is outside axis 0"]),
            (["show", GAN, "generator/h0/w", "--slice", "0,0,0"], ["does not fit the shape"]),
            (["show", "--format", "json", GAN, "generator/h0/w", "--slice", "9"], ["not fit"]),
            (["show", GAN, "generator", "--slice", "0"], ["is not a variable", "(generator)"]),
            (["tree", "--ops", str(SAMPLES / "plain.h5")], ["has no graph"]),
            (["list", "tree.py\x1b[2J\n"], ["\\x1b[2J\\x0a"]),
            (["list", "-"], ["-: no such file", "standard input is not read"]),
            (["list", ""], ["the path is empty"]),
            (["list", "--input-format", "hdf5", GAN], ["cannot be read as hdf5", "tf-v2-checkp"]),
            (["list", str(SAMPLES / "programs/gan.py")], ["is a program", "gan.py:FUNCTION"]),
        ],
    )
    def test_what_is_not_there(self, run: Run, arguments: list[str], parts: list[str]) -> None:
        result = run(*arguments)
        assert_one_line(result, *parts)
        assert result.out == ""


class TestSeveralPaths:
    @pytest.mark.parametrize("command", ["tree", "list", "info"])
    def test_one_bad_path_does_not_hide_the_others(self, run: Run, command: str) -> None:
        bad = str(SAMPLES / "broken/model.h5")
        good = str(SAMPLES / "tf1_batchnorm")
        result = run(command, GAN, bad, good)
        assert_one_line(result, bad, "Git LFS pointer")
        alone = [run(command, path).out for path in (GAN, good)]
        if command == "list":
            alone = [f"{path}\n{text}" for path, text in zip((GAN, good), alone, strict=True)]
        assert result.out == "\n".join(alone)

    def test_each_bad_path_has_its_line(self, run: Run) -> None:
        result = run("list", "no/a", GAN, "no/b")
        assert result.code == 2
        assert [line.split(": ")[1] for line in result.err.splitlines()] == ["no/a", "no/b"]
        assert result.out == f"{GAN}\n{run('list', GAN).out}"

    @pytest.mark.parametrize("command", ["list", "stats"])
    def test_rows_of_several_say_of_which_file(self, run: Run, command: str) -> None:
        paths = [str(SAMPLES / name) for name in ("fortran.npy", "arrays.npz")]
        text = run(command, "--format", "csv", paths[0], "no/a", paths[1]).out
        together = list(csv.reader(text.splitlines()))
        alone = [run(command, "--format", "csv", path).out.splitlines() for path in paths]
        heading = next(csv.reader(alone[0]))
        assert together == [
            ["file", *heading],
            *(
                [path, *row]
                for path, lines in zip(paths, alone, strict=True)
                for row in csv.reader(lines[1:])
            ),
        ]

    def test_lines_of_several_say_of_which_file(self, run: Run) -> None:
        paths = [str(SAMPLES / name) for name in ("fortran.npy", "structured.npy")]
        lines = run("list", "--format", "jsonl", *paths).out.splitlines()
        alone = [json.loads(run("list", "--format", "jsonl", path).out) for path in paths]
        files = [{"file": path, **found} for path, found in zip(paths, alone, strict=True)]
        assert [json.loads(line) for line in lines] == files

    def test_trees_are_parted_by_an_empty_line(self, run: Run) -> None:
        text = run("tree", GAN, GAN).out
        first, second = text.split(f"\n\n{GAN}  TensorFlow")
        assert first.startswith(GAN)
        assert second


class TestBrokenSamples:
    @pytest.mark.parametrize("command", ["tree", "list", "info", "show"])
    @pytest.mark.parametrize("sample", BROKEN)
    def test_one_line_and_exit_code_2(self, run: Run, sample: str, command: str) -> None:
        path = str(SAMPLES / sample)
        result = run(command, path, *(["net/bn/beta"] if command == "show" else []))
        if sample.startswith(("broken/stale", "broken/no_data")):
            assert (result.code, result.err) == (0, "")
        else:
            assert_one_line(result, sample.partition(".")[0])
            assert result.out == ""

    def test_values_that_are_not_there(self, run: Run) -> None:
        result = run("show", str(SAMPLES / "broken/no_data.index"), "net/bn/beta")
        assert result.code == 0
        assert "not shown: cannot be opened: No such file or directory" in result.out
        part = run("show", "--slice", "0", str(SAMPLES / "broken/no_data.index"), "net/bn/beta")
        assert_one_line(part, "no_data.data-00000-of-00001", "cannot be opened")


class TestEndings:
    def test_interrupted(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupt(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("scopecli.formats.opening.load", interrupt)
        result = run("tree", GAN)
        # Click ends the line that the terminal has written ^C on.
        assert (result.code, result.out, result.err.strip()) == (130, "", "")

    def test_interrupted_by_a_signal(self, tmp_path: Path) -> None:
        """A real Ctrl-C, while it waits to write into a pipe that nobody reads."""
        path = many(tmp_path, 3000)
        process = subprocess.Popen(
            [sys.executable, "-m", "scopecli", "list", path],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stdout.read(10)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
            assert process.stderr.read().strip() == b""

    def test_interrupted_while_it_is_imported(self, tmp_path: Path) -> None:
        (tmp_path / "click.py").write_text("raise KeyboardInterrupt", "utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "scopecli", "tree", GAN],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")

    @pytest.mark.parametrize("command", ["list", "tree --no-fold", "list --format json"])
    def test_a_closed_pipe_ends_it_quietly(self, tmp_path: Path, command: str) -> None:
        path = many(tmp_path, 20_000)
        script = (
            f"{sys.executable} -m scopecli {command} {path} | head -n 1; exit ${{PIPESTATUS[0]}}"
        )
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (141, "")
        assert len(done.stdout.splitlines()) == 1

    def test_a_file_that_goes_away(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """What fails is that file, and not the output."""

        def gone(*_: object, **__: object) -> None:
            raise FileNotFoundError(2, "No such file or directory", "a/b")

        monkeypatch.setattr("scopecli.formats.opening.load", gone)
        assert_one_line(run("list", GAN), "scopecli: a/b: No such file or directory")

    def test_a_full_disk(self) -> None:
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [sys.executable, "-m", "scopecli", "list", GAN],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
                check=False,
            )
        assert done.returncode == 2
        assert done.stderr == "scopecli: cannot write output: No space left on device\n"

    @pytest.mark.parametrize(
        ("redirect", "err"),
        [
            (">&-", "scopecli: cannot write output: standard output is closed\n"),
            (">&- 2>&-", ""),
        ],
    )
    def test_closed_output(self, redirect: str, err: str) -> None:
        script = f"{sys.executable} -m scopecli list {GAN} {redirect}"
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (2, err)

    def test_as_a_module_and_as_a_command(self, spawn: Spawn, run: Run) -> None:
        as_module = spawn("list", GAN)
        assert as_module == run("list", GAN)
        script = Path(sys.executable).with_name("scopecli")
        if not script.exists():
            pytest.skip("the scopecli command is not installed beside this Python")
        done = subprocess.run(
            [script, "list", GAN], capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == as_module


@pytest.mark.parametrize("sample", V2)
def test_a_prefix_and_its_folder_print_the_same(run: Run, sample: str) -> None:
    prefix = str(SAMPLES / prefix_of(sample))
    assert run("list", prefix).out == run("list", str(SAMPLES / sample)).out


@pytest.mark.parametrize("sample", GOOD)
def test_plain_names_can_be_looked_up(run: Run, sample: str) -> None:
    """What `list --format plain` prints is what `show` takes."""
    path = str(SAMPLES / sample)
    names = run("list", "--format", "plain", path).out.splitlines()
    result = run("show", "--no-values", path, *names)
    assert (result.code, result.err) == (0, "")


def many(folder: Path, count: int) -> str:
    """A checkpoint with more variables than a pipe holds lines."""
    from tests import bundles

    tensors = {f"scope_{i % 40}/some_layer_{i}/kernel": bundles.Tensor() for i in range(count)}
    return bundles.write(folder / "many", tensors)
