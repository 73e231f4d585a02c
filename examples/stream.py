"""Streams: encoders, pooler and classifier learn one batch after another; then the world changes.

python examples/stream.py

A machine has four states. Which one it is in goes by the hour of the day, and each shows by three
sensors, around levels of its own, with noise. Half way through, the levels change, as after a
repair: what was learned about them is wrong from there on. Each batch is classified before anything
learns from it, so accuracy is that on data never seen.

Beside the pooler that goes on learning there are two controls: one that stops learning at the
change, and none, the same classifier on the encoded bits. The classifier learns in all three.
"""

import numpy as np
from sklearn.compose import make_column_transformer

from fastsp import CyclicEncoder, RandomDistributedEncoder, SoftmaxClassifier, SpatialPooler

STATES = 4


def stream(n_batches, batch_size, seed=0):
    """Yield batches of rows (hour, three sensors) and states; levels change half way."""
    generator = np.random.default_rng(seed)
    levels = generator.normal(0, 2, (2, STATES, 3))
    levels[1] += 15  # beyond all values seen before
    for batch in range(n_batches):
        hours = generator.uniform(0, 24, batch_size)
        usual = (hours // (24 / STATES)).astype(int)
        states = np.where(
            generator.random(batch_size) < 0.5, usual, generator.integers(0, STATES, batch_size)
        )
        sensors = levels[int(2 * batch >= n_batches), states]
        sensors = sensors + generator.normal(0, 1.5, (batch_size, 3))
        yield np.column_stack([hours, sensors]), states


def main(n_batches=200, batch_size=50, n_columns=2048):
    """Print accuracy in each tenth of the stream, and return {model: accuracy of each batch}."""
    encode = make_column_transformer(
        (CyclicEncoder(period=24, n_bits=60, n_on=15), [0]),
        # No range is needed: values after the change are beyond all those before.
        (RandomDistributedEncoder(resolution=0.2, n_bits=200, n_on=20, random_state=0), [1, 2, 3]),
    )
    poolers = {
        "learning": SpatialPooler((n_columns,), density=0.04, random_state=0),
        "stopped at the change": SpatialPooler((n_columns,), density=0.04, random_state=0),
        "encoded bits": None,
    }
    readouts = {title: SoftmaxClassifier(learning_rate=0.05, random_state=0) for title in poolers}
    scores = {title: [] for title in poolers}
    for batch, (rows, states) in enumerate(stream(n_batches, batch_size)):
        # Encoders know all they need from their parameters: they are fitted to the first batch.
        bits = encode.fit_transform(rows) if batch == 0 else encode.transform(rows)
        for title, pooler in poolers.items():
            readout = readouts[title]
            if pooler is None:
                codes = bits
            else:
                if batch == 0:
                    pooler.initialize(bits.shape[1])
                codes = pooler.transform(bits)
            if batch > 0:
                scores[title].append(np.mean(readout.predict(codes) == states))
            readout.partial_fit(codes, states, classes=range(STATES))
            if pooler is not None and (title == "learning" or 2 * batch < n_batches):
                pooler.partial_fit(bits)
    print("accuracy, %, in each tenth of the stream; the change is after the fifth")
    for title, values in scores.items():
        tenths = [100 * np.mean(part) for part in np.array_split(values, 10)]
        print(f"{title:22}" + " ".join(f"{value:5.1f}" for value in tenths))
    return {title: np.array(values) for title, values in scores.items()}


if __name__ == "__main__":
    main()
