"""The documentation as a site: `python -m sphinx -W docs site` builds it into the folder `site`."""

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

from fastsp import __version__

project = "fastsp"
author = "the authors of fastsp"
project_copyright = author
version = release = __version__

extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_parser"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]  # links to files of the repository beside docs/

default_role = "literal"  # `name` in docstrings
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings give shapes and types, which say more
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "furo"
html_title = f"fastsp {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"


def inline_math(translator, node: nodes.math) -> None:
    """Write MathML, which browsers show by themselves: no script, no network."""
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block_math(translator, node: nodes.math_block) -> None:
    """Write an equation on lines of its own."""
    equation = convert(node.astext(), display="block")
    translator.body.append(f'<div class="math">{equation}</div>')
    raise nodes.SkipNode


def short_references(app, page, template, context, doctree) -> None:
    """Show sources of docstrings as [1], not by the names that make them unique on a page."""
    if "body" in context:
        context["body"] = re.sub(r"\bR[0-9a-f]{12}-(\d+)\b", r"\1", context["body"])


def setup(app: Sphinx) -> None:
    """Register the way equations and sources are written."""
    app.connect("html-page-context", short_references)
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
