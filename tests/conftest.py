"""What all tests share: a set of small digits, one trained model of them, and Ctrl-C."""

import signal

import pytest

LONGEST = (
    "test_docs.py",
    "test_workers.py",
    "test_jit.py",
    "test_census.py",
    "test_faults.py",
    "test_fuzz.py",
)
"""Files that take longest, for what they compile. They come first, so that where several workers
share the tests none is left alone with one of them at the end."""


def pytest_configure(config):
    if hasattr(config.option, "loadscopereorder"):  # files with many tests first, quick as they are
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: (*LONGEST, item.path.name).index(item.path.name))


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_handled():
    # A job in the background of a shell ignores SIGINT, and so does each process that it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def digits():
    """The synthetic digits; nobody changes them."""
    from tests.tiny_mnist import make_digits

    return make_digits()


@pytest.fixture(scope="session")
def data(digits, tmp_path_factory):
    """A folder with the digits as files."""
    from tests.tiny_mnist import write_digits

    return write_digits(tmp_path_factory.mktemp("data"), digits)


@pytest.fixture(scope="session")
def result(digits):
    """The MNIST experiment on the digits, in a size for tests."""
    from fastsp.experiments import run_mnist
    from tests.tiny_experiments import TINY

    return run_mnist(TINY, digits)


@pytest.fixture(scope="session")
def learned(digits):
    """What `fastsp mnist --cycles=10` learns of the digits."""
    from fastsp.experiments import MnistConfig, run_mnist_seeds

    return run_mnist_seeds(MnistConfig(cycles=10), 1, digits)


@pytest.fixture
def no_training(learned, monkeypatch):
    """Let `fastsp mnist` find its model trained and its report drawn: for tests of all else."""
    import fastsp.experiments
    import fastsp.report

    monkeypatch.setattr(fastsp.experiments, "run_mnist_seeds", lambda *_: learned)
    monkeypatch.setattr(fastsp.report, "mnist_report", lambda *_: "<html></html>")


@pytest.fixture
def no_drawing(monkeypatch):
    """Let `fastsp mnist` find its report drawn."""
    import fastsp.report

    monkeypatch.setattr(fastsp.report, "mnist_report", lambda *_: "<html></html>")
