"""The studio: a thread that trains at full speed, and does between chunks what it is asked to.

All poolers belong to that thread. Whoever wants something of them hands over a function, and gets a
future; so whatever is looked at is of one moment, and no viewer holds up the training. Readouts,
which take longer, are fitted on copies in another thread.
"""

import copy
import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fastsp.datasets import Mnist
from fastsp.demo.exam import Exam
from fastsp.demo.notes import telling
from fastsp.demo.settings import Settings
from fastsp.demo.variant import Variant
from fastsp.experiments.mnist.config import MnistConfig
from fastsp.experiments.mnist.training import check_labels, compile_for

LOGGER = logging.getLogger("fastsp")
MOST_VARIANTS = 2
T = TypeVar("T")


class Studio:
    """One pooler that learns digits, or two side by side.

    The methods that change something, and the attributes, are for functions handed to `ask` alone.

    Parameters
    ----------
    config : MnistConfig
    data : Mnist
    seconds_between_readouts : float
        At the least, while a pooler learns.
    first_cycles : int
        That the pooler learns as soon as the kernels are compiled, unless somebody says otherwise.

    Attributes
    ----------
    variants : list of Variant
        One, or two while they are compared; empty until the kernels are compiled.
    is_running : bool
        Whether the poolers learn.
    moment : int
        Another number after each change of what can be seen.
    failure : str
        What stopped the training, or nothing.
    note : str
        What it waits for, or nothing.
    name : str
        Another one for each studio, so that a page knows when it comes back to another.

    Raises
    ------
    ValueError
        If test images have labels that no training image has.
    """

    def __init__(
        self,
        config: MnistConfig,
        data: Mnist,
        seconds_between_readouts: float = 1.0,
        first_cycles: int = 0,
    ) -> None:
        check_labels(data)
        self.config, self.data = config, data
        self.variants: list[Variant] = []
        self.is_running, self.moment, self.failure, self.note = False, 0, "", ""
        self.name = uuid.uuid4().hex
        self._pause, self._until = seconds_between_readouts, first_cycles
        self._asked: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._exams: dict[str, Exam] = {}
        self._is_reading_out, self._read_out_at = False, 0.0
        self._thread = threading.Thread(target=self._work, name="fastsp demo", daemon=True)

    def start(self) -> None:
        """Begin: the kernels are compiled first, if they are not."""
        self._thread.start()

    def close(self, seconds: float = 0.2) -> None:
        """End the training; wait for it this long at the most."""
        self._closing.set()
        self.ask(lambda: None)
        if self._thread.ident is not None:
            self._thread.join(seconds)
        self._cancel()

    def ask(self, action: Callable[[], T]) -> "Future[T]":
        """Have a function called between two chunks; cancelled where the studio is closed."""
        future: Future[T] = Future()
        self._asked.put((future, action))
        if self._closing.is_set() and not self._thread.is_alive():
            self._cancel()
        return future

    def run(self, on: bool) -> None:
        """Start or pause the training."""
        self.is_running, self._until = on and not self.failure, 0
        self.moment += 1

    def reset(self) -> None:
        """Draw the poolers anew and pause."""
        self.failure = ""
        self.run(False)
        for variant in self.variants:
            variant.reset()
        self.moment += 1

    def compare(self, on: bool) -> None:
        """Put a copy of the first pooler beside it, or take the second one away."""
        if on and len(self.variants) < MOST_VARIANTS:
            self.variants.append(self.variants[0].copy())
        elif not on:
            del self.variants[1:]
        self.moment += 1

    def change(self, variant: int, name: str, value: str) -> None:
        """Change a setting; nothing happens where there is no such variant any more."""
        for chosen in self.variants[variant : variant + 1]:
            chosen.change(name, value)
        self.moment += 1

    def switch(self, variant: int, columns: NDArray[np.int32], on: bool) -> None:
        """Switch columns of a variant on or off."""
        for chosen in self.variants[variant : variant + 1]:
            chosen.switch(columns, on)
        self.moment += 1

    def _work(self) -> None:
        try:
            with telling(self._note):
                compile_for(replace(self.config, readout="linear"), self.data)
            self.variants = [Variant(self.config, self.data, Settings.of(self.config))]
            self.is_running = self._until > 0
            self._note("")
        except Exception as error:
            self._fail(error)
        while not self._closing.is_set():
            learning = [v for v in self.variants if self.is_running and not v.waits]
            self._answer(wait=not learning)
            try:
                if self.is_running and learning:
                    for variant in learning:
                        variant.learn()
                    self.moment += 1
                    if 0 < self._until <= self.variants[0].cycles:
                        self.run(False)
                self._read_out()
            except Exception as error:
                self._fail(error)

    def _answer(self, wait: bool) -> None:
        """Do what was asked; where nothing was, wait a moment for it."""
        timeout = 0.05 if wait else 0.0
        while not self._closing.is_set():
            try:
                future, action = self._asked.get(block=bool(timeout), timeout=timeout)
            except queue.Empty:
                return
            timeout = 0.0
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(action())
            except BaseException as error:
                future.set_exception(error)

    def _read_out(self) -> None:
        """Begin a readout of the variant that needs it most, unless one is being made."""
        if self._is_reading_out or self.failure:
            return
        late = time.monotonic() >= self._read_out_at + self._pause or not self.is_running
        behind = [v for v in self.variants if v.is_stale or v.waits] or [
            v for v in self.variants if v.is_behind and late
        ]
        if not behind:
            return
        variant = min(behind, key=lambda v: v.readout.cycles if v.readout else -1)
        revision, pooler = variant.revision, copy.deepcopy(variant.shown)
        exam = self._exam(variant)
        self._is_reading_out = True

        def work() -> None:
            try:
                readout = exam(pooler)
                self.ask(lambda: self._take(variant, readout, revision))
            except Exception as error:
                failed = error
                self.ask(lambda: self._fail(failed))

        threading.Thread(target=work, name="fastsp demo readout", daemon=True).start()

    def _exam(self, variant: Variant) -> Exam:
        channels = variant.settings.channels
        if channels not in self._exams:
            self._exams[channels] = Exam(variant.config, self.data)
        return self._exams[channels]

    def _take(self, variant: Variant, readout: Any, revision: object) -> None:
        self._is_reading_out, self._read_out_at = False, time.monotonic()
        variant.take(readout, revision)
        self.moment += 1

    def _note(self, text: str) -> None:
        self.note = text
        self.moment += 1

    def _fail(self, error: Exception) -> None:
        LOGGER.error("the demo stopped training: %s", error, exc_info=error)
        self.is_running, self._is_reading_out = False, False
        self.failure = str(error) or type(error).__name__
        self.moment += 1

    def _cancel(self) -> None:
        while True:
            try:
                self._asked.get_nowait()[0].cancel()
            except queue.Empty:
                return
