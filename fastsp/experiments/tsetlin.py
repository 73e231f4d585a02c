"""A Tsetlin machine with the interface of scikit-learn, of the package green-tsetlin."""

import importlib.util
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


def is_installed() -> bool:
    """Return whether the package of the extra `compare` is there."""
    return importlib.util.find_spec("green_tsetlin") is not None


class TsetlinMachine:
    """Classify input bits by clauses, with one thread.

    Parameters
    ----------
    n_clauses, epochs : int
    specificity : float
    threshold : int
    literal_budget : int
        Most literals of a clause.
    random_state : int
    """

    def __init__(
        self,
        n_clauses: int = 2_000,
        epochs: int = 8,
        specificity: float = 10.0,
        threshold: int = 3_000,
        literal_budget: int = 32,
        random_state: int = 0,
    ) -> None:
        self.n_clauses, self.epochs, self.random_state = n_clauses, epochs, random_state
        self.specificity, self.threshold = specificity, threshold
        self.literal_budget = literal_budget

    def fit(self, X: NDArray[np.uint8], y: NDArray[Any]) -> Self:
        """Learn from input bits (n, N) and labels (n,)."""
        import green_tsetlin

        self.classes_, targets = np.unique(y, return_inverse=True)
        machine = green_tsetlin.TsetlinMachine(
            n_literals=X.shape[1],
            n_clauses=self.n_clauses,
            n_classes=len(self.classes_),
            s=self.specificity,
            threshold=self.threshold,
            literal_budget=self.literal_budget,
        )
        trainer = green_tsetlin.Trainer(
            machine,
            seed=self.random_state + 1,  # the package takes no 0
            n_jobs=1,
            n_epochs=self.epochs,
            early_exit_acc=2.0,  # never: all epochs are learned
            load_best_state=False,
            progress_bar=False,
        )
        bits, targets = np.ascontiguousarray(X), targets.astype(np.uint32)
        trainer.set_train_data(bits, targets)
        # The trainer must evaluate itself: by a few inputs, which costs little and decides nothing.
        trainer.set_eval_data(bits[:10], targets[:10])
        trainer.train()
        self._predictor = machine.get_predictor()
        return self

    def predict(self, X: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the label of each row of input bits."""
        labels: NDArray[Any] = self.classes_[[self._predictor.predict(x) for x in X]]
        return labels
