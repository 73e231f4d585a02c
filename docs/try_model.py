"""Make the model of the page "Try it", and its examples: `python docs/try_model.py`.

A pooler of the published configuration, and softmax regression on its codes, as one script.
"""

import base64
import json
from dataclasses import replace
from pathlib import Path

from sklearn.pipeline import make_pipeline

from fastsp.datasets import Mnist, load_mnist
from fastsp.experiments.digits import PUBLISHED
from fastsp.experiments.mnist.readout import read_out
from fastsp.experiments.mnist.training import Training
from fastsp.export import export

STATIC = Path(__file__).with_name("_static")


def make_model(data: Mnist) -> None:
    """Train pooler and readout, and export them."""
    config = replace(PUBLISHED, readout="linear", readout_copies=4)
    training = Training(config, data)
    training.run()
    readout = read_out(training.pooler.transform, config, data)
    encoder = config.build_encoder(data.train_images)
    model = make_pipeline(encoder, training.pooler, readout.classifier)
    file, types = export(model, STATIC / "digits.js")
    types.unlink()
    print(f"{file}: {file.stat().st_size:,} bytes, test accuracy {readout.accuracy:.2%}")


def make_examples(data: Mnist) -> None:
    """Write the first test image of each digit."""
    first = [int((data.test_labels == digit).argmax()) for digit in range(10)]
    texts = [base64.b64encode(data.test_images[i].tobytes()).decode() for i in first]
    lines = ",\n".join(f"  {json.dumps(text)}" for text in texts)
    text = (
        "/* The first test image of each digit of MNIST, 28 x 28 bytes. */\n"
        f"globalThis.digitExamples = [\n{lines},\n];\n"
    )
    (STATIC / "digit_examples.js").write_text(text, "utf-8")


if __name__ == "__main__":
    mnist = load_mnist()
    make_examples(mnist)
    make_model(mnist)
