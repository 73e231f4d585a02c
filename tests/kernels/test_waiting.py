"""Users are told why they wait while kernels compile: once, and where they look."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPILES = """
import logging, sys
import numpy as np
from fastsp.kernels import jit, waiting
from fastsp.kernels.order import order_keys, order_values
waiting.LONG = 0.0  # any compilation is a long one
if "log" in sys.argv:
    logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s %(message)s")
if "nowhere" in sys.argv:
    jit._cache_folder = lambda beside: None
keys = np.empty(3, np.uint32)
order_keys(np.ones(3, np.float32), keys)
order_values(keys, np.empty(3, np.float32))
"""


def run(tmp_path, *arguments, **options):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", COMPILES, *arguments],
        cwd=ROOT,
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return done.stderr


def test_a_program_that_logs_is_told_once_and_only_while_kernels_compile(tmp_path):
    said = run(tmp_path, "log")
    assert said.startswith("fastsp INFO compiling kernels, once for this kind of pooler")
    assert str(tmp_path) in said
    assert said.count("\n") == 1
    assert run(tmp_path, "log") == ""


def test_a_program_whose_output_goes_to_a_file_prints_nothing(tmp_path):
    assert run(tmp_path) == ""


def test_one_warning_says_that_every_process_will_compile(tmp_path):
    said = run(tmp_path, "nowhere")
    assert said.count("every process will compile") == 1
    assert "NUMBA_CACHE_DIR" in said


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_terminal_shows_it(tmp_path):
    import pty

    reader, writer = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", COMPILES],
        cwd=ROOT,
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        stderr=writer,
        stdout=subprocess.DEVNULL,
    )
    assert process.wait() == 0
    os.close(writer)
    said = os.read(reader, 10_000).decode()
    os.close(reader)
    assert said.startswith("fastsp: compiling kernels, once for this kind of pooler")
    assert said.count("compiling") == 1
