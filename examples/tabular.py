"""Tables: a ColumnTransformer of encoders, the pooler, and a linear classifier.

python examples/tabular.py

Three data sets that come with scikit-learn. Accuracy is the mean over repeated stratified
cross-validation, beside two controls: the same classifier on the encoded bits, and on the codes of
a pooler that is drawn but never learns. The last column is logistic regression on standardised
numbers, without any bits.
"""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastsp import CategoryEncoder, ScalarEncoder, SpatialPooler


def tables():
    """Yield name, values and labels of each data set."""
    for name, load in (("breast cancer", load_breast_cancer), ("wine", load_wine)):
        yield name, *load(return_X_y=True)
    values, progression = load_diabetes(return_X_y=True, scaled=False)
    yield "diabetes, above the median", values, progression > np.median(progression)


def encoder(values):
    """Return a transformer for a table: runs of bits for numbers, blocks for categories."""
    categories = [i for i in range(values.shape[1]) if len(np.unique(values[:, i])) <= 2]
    numbers = [i for i in range(values.shape[1]) if i not in categories]
    return make_column_transformer(
        (ScalarEncoder(n_bits=50, n_on=15), numbers),
        (CategoryEncoder(n_on=15, handle_unknown="ignore"), categories),
    )


class Epochs(TransformerMixin, BaseEstimator):
    """A pooler that learns from the same rows several times, in a new order each time."""

    def __init__(self, pooler, epochs=1):
        self.pooler = pooler
        self.epochs = epochs

    def fit(self, X, y=None):
        """Draw the pooler and learn `epochs` times; with 0 it is drawn and learns nothing."""
        self.pooler.initialize(X.shape[1])
        generator = np.random.default_rng(0)
        for _ in range(self.epochs):
            self.pooler.partial_fit(X[generator.permutation(len(X))])
        return self

    def transform(self, X):
        """Return codes."""
        return self.pooler.transform(X)


def main(n_splits=5, n_repeats=5, n_columns=2048, epochs=20):
    """Print a table, and return {data set: {model: accuracies of the folds}}."""
    folds = RepeatedStratifiedKFold(n_splits=n_splits, n_repeats=n_repeats, random_state=0)
    results = {}
    for name, values, labels in tables():

        def coded(epochs):
            pooler = SpatialPooler((n_columns,), density=0.05, random_state=0)
            return Epochs(pooler, epochs)

        readout = LogisticRegression(max_iter=1000)
        models = {
            "pooler": make_pipeline(encoder(values), coded(epochs), readout),
            "untrained pooler": make_pipeline(encoder(values), coded(0), readout),
            "encoded bits": make_pipeline(encoder(values), readout),
            "plain numbers": make_pipeline(StandardScaler(), readout),
        }
        results[name] = {
            title: cross_val_score(model, values, labels, cv=folds)
            for title, model in models.items()
        }
        print(name, values.shape)
        for title, scores in results[name].items():
            repeats = scores.reshape(n_repeats, -1).mean(axis=1)
            least, most = 100 * repeats.min(), 100 * repeats.max()
            print(f"  {title:17} {100 * scores.mean():.1f} % ({least:.1f} to {most:.1f})")
    return results


if __name__ == "__main__":
    main()
