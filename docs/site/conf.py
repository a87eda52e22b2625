"""Settings of Sphinx; make.py copies them beside the sources that it gathers."""

from __future__ import annotations

import re
from importlib import metadata
from typing import Any

project = "crhalo"
author = "The crhalo developers"
project_copyright = author
release = metadata.version("crhalo")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["templates"]
exclude_patterns = ["gallery/README.txt", "api/index.rst"]
# Every reference has to lead somewhere.
nitpicky = True
default_role = "code"

# -- Markdown ------------------------------------------------------------------------------

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "attrs_inline"]

# -- the Python interface ------------------------------------------------------------------

autosummary_generate = True
# Types stand in the docstrings; in signatures they would be longer than the names.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False

# -- gallery -------------------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    # Times are of the machine; tables of them would be sorted by a script from elsewhere.
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "remove_config_comments": True,
    "image_scrapers": ("matplotlib",),
    "matplotlib_animations": False,
}

# -- how it looks --------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "crhalo"
html_static_path = ["crhalo.css"]
html_css_files = ["crhalo.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options: dict[str, Any] = {
    "show_nav_level": 1,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "navbar_align": "left",
}
html_sidebars: dict[str, list[str]] = {"index": [], "findings": []}

# -- links ---------------------------------------------------------------------------------

linkcheck_timeout = 20
linkcheck_retries = 2


def _as_text(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are plain text: |z| is a height, not a substitution, and x_ no link."""
    for place, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...", ".. ")):
            line = line.replace("|", r"\|")
            lines[place] = re.sub(r"(?<=\w)_(?=[\s,;.)]|$)", r"\\_", line)


def setup(app: Any) -> None:
    # After numpydoc (500), which makes reStructuredText of the sections.
    app.connect("autodoc-process-docstring", _as_text, priority=900)
