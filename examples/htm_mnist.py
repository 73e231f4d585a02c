"""The classic MNIST program of htm.core's users, on `fastsp.htm`: one pass, softmax on the codes.

    python examples/htm_mnist.py

Each image, black where it is darker than its mean, is shown to a pooler of 79 x 79 columns, and its
code with the label to a classifier. Then both are asked about the test images.
"""

import time
from typing import Any

import numpy as np

from fastsp.datasets import load_mnist
from fastsp.htm import SDR, Classifier, SpatialPooler


def main(
    n_train: int | None = None,
    n_test: int | None = None,
    column_shape: tuple[int, int] = (79, 79),
    alpha: float = 0.001,
    data: Any = None,
) -> float:
    """Train and test; print what came of it, and return the share of right answers."""
    mnist = load_mnist() if data is None else data
    pattern, code = SDR(mnist.image_shape), SDR(column_shape)
    pooler = SpatialPooler(
        inputDimensions=pattern.dimensions,
        columnDimensions=code.dimensions,
        potentialRadius=7,
        potentialPct=0.1,
        globalInhibition=True,
        localAreaDensity=0.1,
        stimulusThreshold=6,
        synPermInactiveDec=0.02,
        synPermActiveInc=0.14,
        synPermConnected=0.5,
        minPctOverlapDutyCycle=0.2,
        boostStrength=7.0,
        dutyCyclePeriod=1402,
        seed=93,
        wrapAround=False,
    )
    classifier = Classifier(alpha)

    start = time.perf_counter()
    order = np.random.default_rng(0).permutation(len(mnist.train_labels))[:n_train]
    for i in order:
        image = mnist.train_images[i]
        pattern.dense = image >= image.mean()
        pooler.compute(pattern, True, code)
        classifier.learn(code, int(mnist.train_labels[i]))

    right = 0
    labels = mnist.test_labels[:n_test]
    for image, label in zip(mnist.test_images, labels, strict=False):
        pattern.dense = image >= image.mean()
        pooler.compute(pattern, False, code)
        right += int(np.argmax(classifier.infer(code)) == label)

    accuracy = right / len(labels)
    seconds = time.perf_counter() - start
    print(f"{accuracy:.2%} of {len(labels)} test images after {len(order)}, {seconds:.1f} s")
    return accuracy


if __name__ == "__main__":
    main()
