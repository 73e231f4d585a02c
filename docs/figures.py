"""Draw the picture of the README from a model that `fastsp mnist` has trained.

fastsp mnist && python docs/figures.py fastsp-mnist/pooler.npz
"""

import sys
from pathlib import Path

import fastsp
from fastsp import BinaryImageEncoder, plots
from fastsp.datasets import load_mnist


def main(model: str) -> None:
    """Draw the pipeline for two digits with the pooler in the file `model`."""
    pooler = fastsp.load(model)
    mnist = load_mnist()
    first = [int((mnist.test_labels == digit).argmax()) for digit in (2, 3)]
    images = mnist.test_images[first]
    figure = plots.pipeline(
        pooler,
        images.reshape(-1, *mnist.image_shape),
        BinaryImageEncoder().fit_transform(images),
    )
    figure.savefig(Path(__file__).with_name("pipeline.png"), dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
