"""The command `fastsp demo`: what it says before it serves."""

import pytest

from fastsp import commands
from fastsp.__main__ import main
from fastsp.demo import serve
from tests.tiny_mnist import make_digits, write_digits


@pytest.fixture
def served(monkeypatch):
    """Return what is served, which nothing is."""
    calls = []

    def serve_nothing(config, data, preset, listening, names, ready, open_browser):
        calls.append((config, data, preset, names, open_browser))
        ready(serve.address(listening))

    monkeypatch.setattr(serve, "serve", serve_nothing)
    return calls


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_digits(tmp_path_factory.mktemp("data"), make_digits())


def test_the_address_is_told_and_the_preset_taken(served, data, capsys):
    assert main(["demo", "--port=0", f"--data={data}", "--preset=best-linear"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("fastsp demo: http://127.0.0.1:")
    assert captured.err == ""
    config, digits, preset, names, open_browser = served[0]
    assert config.inhibition == "grouped"
    assert str(data) in digits.source
    assert (preset, names, open_browser) == ("best-linear", ("127.0.0.1", frozenset()), True)


def test_names_are_allowed(served, data, capsys):
    arguments = ["demo", "--port=0", f"--data={data}"]
    allowed = ["laptop.local", "https://Hub.example:8888/user/", "bücher.local."]
    assert main([*arguments, *(f"--allow-host={name}" for name in allowed)]) == 0
    assert served[0][3].allowed == {"laptop.local", "hub.example", "xn--bcher-kva.local"}


def test_another_readout_is_taken(served, data):
    assert main(["demo", "--port=0", f"--data={data}", "--readout=ridge", "--no-browser"]) == 0
    assert served[0][0].readout == "ridge"


def test_other_hosts_come_with_a_warning(served, data, capsys):
    arguments = ["demo", "--port=0", f"--data={data}", "--host=0.0.0.0", "--no-browser"]
    assert main(arguments) == 0
    assert "others can reach and use this demo" in capsys.readouterr().err
    assert served[0][-1] is False


@pytest.mark.parametrize("package", commands.NEEDED_BY_DEMO)
def test_one_line_says_what_to_install(package, capsys, monkeypatch):
    monkeypatch.setattr(commands, "find_spec", lambda name: None if name == package else "found")
    assert main(["demo"]) == 2
    assert capsys.readouterr().err == (
        "fastsp: the demo needs more packages: in a checkout of fastsp, pip install -e '.[demo]'\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port=70000"], "port must be between 0 and 65535"),
        (["--host=192.0.2.1", "--port=0"], "cannot listen on 192.0.2.1"),
        (["--preset=worst"], "worst"),
        (["--port=0", "--allow-host=a b"], "allow-host must be the name of a host"),
        (["--port=0", "--allow-host=*"], "allow-host must be the name of a host"),
        (["--port=0", "--data=nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_served_is_one_line(served, arguments, words, capsys):
    assert main(["demo", *arguments]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""
    assert served == []
