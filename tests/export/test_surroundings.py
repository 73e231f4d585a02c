"""Exported models among what they meet: pages, engines, module systems, compilers, other models."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

import fastsp
from fastsp import MaximumLikelihoodClassifier, SpatialPooler
from fastsp.__main__ import main
from fastsp.export import export
from tests.exported import WARNINGS

X = (np.random.default_rng(0).random((60, 40)) < 0.3).astype(np.uint8)
POOLER = SpatialPooler((50,), density=0.1, boosting="exp", random_state=0).fit(X)


def model_of(labels):
    """Return a pipeline that tells apart the first inputs, one for each label."""
    labels = np.array(labels)
    return make_pipeline(
        POOLER, MaximumLikelihoodClassifier().fit(POOLER.transform(X[: len(labels)]), labels)
    )


def needs(program):
    if not shutil.which(program):
        pytest.skip(f"no {program} on this machine")
    return program


def node(folder, program, kind=""):
    """Return what a program prints as JSON."""
    file = folder / f"program{kind or '.cjs'}"
    file.write_text(program, "utf-8")
    command = [needs("node"), str(file)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def in_a_page(folder, script, then, before=""):
    """Return what an expression is in a context of the language alone, without `module` or `atob`.

    `error` is what the script threw.
    """
    program = f"""
        const vm = require("vm");
        const text = require("fs").readFileSync({json.dumps(str(script))}, "utf-8");
        const page = vm.createContext({{}});
        vm.runInContext({json.dumps(before)}, page);
        page.error = null;
        try {{ vm.runInContext(text, page); }} catch (error) {{ page.error = String(error); }}
        console.log(JSON.stringify(vm.runInContext({json.dumps(then)}, page)));
    """
    return node(folder, program)


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        ([2**53 - 1, -(2**53) + 1, 3], [-(2**53) + 1, 3, 2**53 - 1]),
        ([2**53 + 1, 2**53, 3], [3, str(2**53), str(2**53 + 1)]),
        (np.array([2**64 - 1, 2**63, 5], np.uint64), [5, str(2**63), str(2**64 - 1)]),
        ([-(2**63), 0], [str(-(2**63)), 0]),
        ([True, False], [False, True]),
        ([2.0, -1.0], [-1.0, 2.0]),
    ],
    ids=str,
)
def test_labels_are_numbers_where_javascript_has_them_and_text_elsewhere(labels, shown, tmp_path):
    script, types = export(model_of(labels), tmp_path / "digits.js")
    assert in_a_page(tmp_path, script, "digits.labels") == shown
    answers = node(
        tmp_path,
        f"""const model = require("./digits.js");
        const read = (x) => model.classify(model.activeColumns(x)).label;
        console.log(JSON.stringify({X[: len(labels)].tolist()}.map(read)))""",
    )
    assert sorted(answers, key=shown.index) == shown
    kinds = {int: "number", float: "number", str: "string", bool: "boolean"}
    kind = " | ".join(sorted({kinds[type(label)] for label in shown}))
    assert f"type Label = {kind};" in types.read_text("utf-8")


def test_labels_that_would_become_others_are_refused(tmp_path):
    dates = np.array(["2024-01-01", "2024-01-02"], "M8[ns]")
    readout = MaximumLikelihoodClassifier().fit(POOLER.transform(X[:2]), [0, 1])
    readout.classes_ = dates
    for to in ("js", "c"):
        with pytest.raises(ValueError, match="labels must be numbers or text; got"):
            export(make_pipeline(POOLER, readout), tmp_path / f"model.{to}", to)
    for labels in (["a\0b", "a\0c"], ["\udcff", "a"]):
        with pytest.raises(ValueError, match="labels must be valid Unicode without zeros for C"):
            export(model_of(labels), tmp_path / "model.c", "c")
    assert not list(tmp_path.iterdir())


def test_a_script_can_stand_within_a_page(tmp_path):
    labels = ["</script><b>", "<!--<script>", "-->", "\u2028", "</SCRIPT >"]
    for name in ("digits.js", "digits.mjs"):
        script, _ = export(model_of(labels), tmp_path / name)
        text = script.read_text("utf-8").lower()
        assert "</" not in text
        assert "<!" not in text
        assert "<script" not in text
    assert sorted(in_a_page(tmp_path, tmp_path / "digits.js", "digits.labels")) == sorted(labels)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("undefined.js", "undefined_model"),
        ("name.js", "name_model"),
        ("location.js", "location_model"),
        ("await.js", "await_model"),
        ("NaN.js", "NaN_model"),
        ("constructor.js", "constructor_model"),
        ("__proto__.js", "proto"),
        ("3 digits.js", "model_3_digits"),
        ("Ziffern – цифры.js", "Ziffern"),
        ("цифры.js", "model"),
        ("my digits.v2.js", "my_digits_v2"),
    ],
)
def test_a_script_gets_a_name_that_is_nobody_elses(file, name, tmp_path):
    script, types = export(POOLER, tmp_path / file)
    assert in_a_page(tmp_path, script, f"[error, {name}.columnShape]") == [None, [50]]
    assert f"export as namespace {name};" in types.read_text("utf-8")


@pytest.mark.parametrize(
    "name",
    ["__proto__", "undefined", "eval", "let", "class", "toString", "window", "Map", "module"],
)
def test_a_name_of_the_language_or_of_pages_is_refused_for_a_script(name, tmp_path):
    with pytest.raises(ValueError, match=f"name must not be one of .* got '{name}'"):
        export(POOLER, tmp_path / "digits.js", name=name)
    assert not list(tmp_path.iterdir())


def test_a_script_takes_no_name_that_a_page_has_already(tmp_path):
    script, _ = export(POOLER, tmp_path / "onload.js")
    found = in_a_page(tmp_path, script, "[error, onload]", before="var onload = 5;")
    assert "there is another onload already" in found[0]
    assert found[1] == 5
    declared = in_a_page(tmp_path, script, "[error, onload.labels]", before="var onload;")
    assert declared == [None, []]
    twice = script.read_text("utf-8")
    assert in_a_page(tmp_path, script, "[error, onload.labels]", before=twice) == [None, []]


@pytest.mark.parametrize(
    ("package", "file", "is_module"),
    [
        (None, "digits.mjs", True),
        (None, "digits.js", False),
        ({"type": "module"}, "digits.js", True),
        ({"type": "module"}, "lib/deep/digits.js", True),
        ({"type": "module"}, "digits.cjs", False),
        ({"type": "commonjs"}, "digits.js", False),
        ({"name": "no type"}, "digits.js", False),
        ({"type": "commonjs"}, "digits.mjs", True),
    ],
)
def test_node_finds_its_exports(package, file, is_module, tmp_path):
    if package:
        (tmp_path / "package.json").write_text(json.dumps(package))
    else:
        (tmp_path / "package.json").write_text("{}")
    script, types = export(model_of(["a", "b"]), tmp_path / file)
    assert types.name == script.name.replace(
        script.suffix, ".d." + script.suffix[1:].replace("j", "t")
    )
    imported = f"import model from './{file}';" + (
        f"import {{ labels, trace }} from './{file}';"
        if is_module
        else "const { labels, trace } = model;"
    )
    program = f"{imported} console.log(JSON.stringify([labels, model.trace === trace]));"
    assert node(tmp_path, program, ".mjs") == [["a", "b"], True]
    if not is_module:
        required = f"console.log(JSON.stringify(require('./{file}').labels))"
        assert node(tmp_path, required) == ["a", "b"]


COMPILERS = [
    *[("cc", f"-std=c{year}", "") for year in (99, 11, 17)],
    *[("c++", f"-std=c++{year}", "-xc++") for year in (11, 14, 17, 20)],
    ("clang", "-std=c99", ""),
    ("clang++", "-std=c++14", "-xc++"),
]
TWO = """
#include "one.c"
#include "two.c"
int main(void) { return one_labels[0][0] != two_labels[0][0]; }
"""


def compile_(folder, compiler, *options, source):
    command = [
        needs(compiler),
        *WARNINGS[1:],
        *filter(None, options),
        source,
        "-o",
        "program",
        "-lm",
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A folder with two models, one with a Gaussian blur, and a program that includes both."""
    folder = tmp_path_factory.mktemp("two")
    gaussian = SpatialPooler((8, 6), inhibition="gaussian", inhibition_radius=1.5, random_state=0)
    readout = MaximumLikelihoodClassifier().partial_fit(
        POOLER.transform(X[:2]), [1, 2], classes=[0, 1, 2]
    )
    export(make_pipeline(POOLER, readout), folder / "one.c", "c")
    codes = gaussian.fit_transform(X)
    shared = make_pipeline(gaussian, MaximumLikelihoodClassifier("mean").fit(codes, X[:, 0]))
    export(shared, folder / "two.c", "c")
    (folder / "both.c").write_text(TWO)
    return folder


@pytest.mark.parametrize("compiler", COMPILERS, ids=" ".join)
def test_two_models_compile_as_one_in_every_standard(compiler, two):
    program, standard, language = compiler
    done = compile_(two, program, standard, language, source="both.c")
    assert done.returncode == 0, done.stderr
    assert subprocess.run([two / "program"]).returncode == 0


@pytest.mark.parametrize(
    "options",
    [["-ffast-math"], ["-Ofast"], ["-ffinite-math-only"], ["-O3", "-ffast-math"]],
    ids=str,
)
@pytest.mark.parametrize("compiler", ["cc", "clang"])
def test_compilers_that_may_change_sums_are_stopped(compiler, options, two):
    done = compile_(two, compiler, *options, source="both.c")
    assert done.returncode != 0
    assert "compile without -ffast-math" in done.stderr


@pytest.mark.parametrize(
    ("header", "macro", "words"),
    [
        ("float", "DBL_MANT_DIG 24", "and double 53"),
        ("float", "FLT_MANT_DIG 11", "float must have 24 bits"),
        ("limits", "INT_MAX 32767", "int must have 32 bits"),
    ],
)
def test_machines_with_narrow_numbers_are_stopped(header, macro, words, two, tmp_path):
    name = macro.split()[0]
    text = f"#include_next <{header}.h>\n#undef {name}\n#define {macro}\n"
    (tmp_path / f"{header}.h").write_text(text)
    done = compile_(two, "cc", "-w", "-Wno-pedantic", f"-I{tmp_path}", source="both.c")
    assert done.returncode != 0
    assert words in done.stderr


@pytest.mark.parametrize("file", ["math.c", "string.c", "stdint.c", "Math.c", "unistd.cpp"])
def test_a_header_that_would_hide_one_of_the_system_is_refused(file, tmp_path):
    with pytest.raises(ValueError, match=rf"path must not be '{file}': .*\.h beside it would hide"):
        export(POOLER, tmp_path / file, "c")
    with pytest.raises(ValueError, match="must be a name that C can include"):
        export(POOLER, tmp_path / 'a"b.c', "c")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["int", "class", "undefined", "static", "name", "E", "a_blur"])
def test_words_of_c_begin_names_like_any_others(name, tmp_path):
    export(POOLER, tmp_path / "a.c", "c")
    export(POOLER, tmp_path / f"my {name}.c", "c", name=name)
    main = f"int main(void) {{ return {name.upper()}_CHANNELS; }}"
    (tmp_path / "both.c").write_text(f'#include "a.c"\n#include "my {name}.c"\n{main}\n')
    for compiler, language in (("cc", ""), ("c++", "-xc++")):
        done = compile_(tmp_path, compiler, language, source="both.c")
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["_math", "__proto__", "a__b", "_A"])
def test_names_that_c_keeps_for_itself_are_refused(name, tmp_path):
    with pytest.raises(ValueError, match="name must not begin with _ nor hold __"):
        export(POOLER, tmp_path / "model.c", "c", name=name)
    header, source = export(POOLER, tmp_path / f"{name}.c", "c")
    assert f'#include "{name}.h"' in source.read_text()
    assert "#ifndef _" not in header.read_text()


@pytest.mark.parametrize("path", ["model", "model.rs", "model.c", "model.h"])
def test_a_file_ends_as_its_language_does(path, tmp_path):
    with pytest.raises(ValueError, match=r"path must end in \.js, \.mjs, \.cjs; got"):
        export(POOLER, tmp_path / path)


@pytest.mark.parametrize(
    ("output", "written"),
    [
        ("zz/", "zz/sp.js"),
        ("zy/sub/", "zy/sub/sp.js"),
        ("zy/sub/.", "zy/sub/sp.js"),
        ("new/digits.mjs", "new/digits.mjs"),
        ("there", "there/sp.js"),
        ("new/digits.c", "new/digits.c"),
    ],
)
def test_folders_are_made(output, written, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    fastsp.save(POOLER, "sp.fastsp")
    assert main(["export", "sp.fastsp", "-o", output]) == 0
    assert (tmp_path / written).is_file()
    beside = {".js": ".d.ts", ".mjs": ".d.mts", ".c": ".h"}[(tmp_path / written).suffix]
    assert (tmp_path / written).with_suffix(beside).is_file()
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_language_and_a_name_that_do_not_go_together_are_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fastsp.save(POOLER, "sp.fastsp")
    for output in ("zz", "zz.py"):
        assert main(["export", "sp.fastsp", "-o", output]) == 2
        assert "path must end in .js, .mjs, .cjs" in capsys.readouterr().err
    assert main(["export", "sp.fastsp", "-o", "a.js", "--to=c"]) == 2
    assert main(["export", "sp.fastsp", "-o", "math.c"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["sp.fastsp"]
