"""How the documentation is built: ``make docs``. Nothing is fetched while it is built."""

import sys
from pathlib import Path

import likelihood_greeks

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "likelihood_greeks"
author = "The likelihood_greeks developers"
copyright = author
version = release = likelihood_greeks.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "studies",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "_ext"]
nitpicky = True
nitpick_ignore_regex = [("py:obj", ".*")]  # what the default role tries: arguments are not names
default_role = "autolink"  # of docstrings: a link if it is a name that can be imported

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
myst_url_schemes = ["http", "https", "mailto"]

autosummary_generate = True
autosummary_imported_members = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

templates_path = ["_templates"]
html_theme = "furo"
html_title = f"likelihood_greeks {release}"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
html_copy_source = False
html_show_sphinx = False
