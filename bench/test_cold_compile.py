"""What compilation costs a new process: with an empty cache on disk, and with a full one."""

import json
import os
import subprocess
import sys
import time

from bench import machine

PROGRAM = """
import json, time
import numpy as np
from fastsp import BinaryImageEncoder, ImageAugmenter, SpatialPooler

imported = time.time()
images = np.random.default_rng(0).integers(0, 256, (4, 64), dtype=np.uint8)
encoder = BinaryImageEncoder().fit(images)
pooler = SpatialPooler(
    (8, 8), input_shape=(8, 8, 2), receptive_field="gaussian", potential_radius=2, density=0.1,
    inhibition="gaussian", random_state=0,
)
pooler.partial_fit(encoder.transform(images)[:1])
first_cycle = time.time()
bits = encoder.transform(ImageAugmenter(random_state=0).augment(images))
pooler.transform(bits)
print(json.dumps({"imported": imported, "first_cycle": first_cycle, "done": time.time()}))
"""


def run(cache_folder):
    """Run the program in a new process; return its times, in seconds since it was started."""
    start = time.time()
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache_folder)},
        check=True,
        capture_output=True,
        text=True,
    )
    return {name: at - start for name, at in json.loads(finished.stdout).items()}


def test_compilation(benchmark, tmp_path):
    benchmark.group = "compilation"
    cold = benchmark.pedantic(run, args=(tmp_path,))
    warm = min((run(tmp_path) for _ in range(3)), key=lambda times: times["done"])
    work = [times["done"] - times["imported"] for times in (cold, warm)]
    benchmark.extra_info.update(
        {
            "compile_seconds": work[0] - work[1],
            "import_seconds": warm["imported"],
            "first_cycle_seconds": warm["first_cycle"],
            **machine.environment(),
        }
    )
