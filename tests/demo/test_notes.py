"""Lines of the log on the page: those of level INFO, while warnings still reach the terminal."""

import logging
import subprocess
import sys

from fastsp.demo.notes import LOGGER, telling

WARN = """
import logging
from fastsp.demo.notes import telling
told = []
with telling(told.append):
    logging.getLogger("fastsp").info("some news")
    logging.getLogger("fastsp").warning("a warning")
logging.getLogger("fastsp").info("nobody listens any more")
print(told)
"""


def test_news_is_handed_on_and_warnings_reach_the_terminal_once():
    done = subprocess.run([sys.executable, "-c", WARN], capture_output=True, text=True, check=True)
    assert done.stdout == "['some news']\n"
    assert done.stderr == "a warning\n"


def test_the_log_is_left_as_it_was():
    before = LOGGER.level, list(LOGGER.handlers)
    LOGGER.setLevel(logging.DEBUG)
    try:
        with telling(print):
            assert LOGGER.level == logging.DEBUG
    finally:
        LOGGER.setLevel(before[0])
    assert (LOGGER.level, LOGGER.handlers) == before
