"""The documentation's Python runs and prints what the pages say; links lead somewhere; everything public is listed."""

import re
from urllib.parse import urlparse

import matplotlib as mpl
import pytest
from matplotlib import pyplot

import likelihood_greeks as lg
from likelihood_greeks.parameters import NAMED
from tests.support.documents import BLOCK, executed
from tests.support.places import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)
TEXTS = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)|<(https?://[^>\s]+)>")


def same(got: str, said: str) -> bool:
    """Whether the words agree, numbers to a thousandth or the last digit shown (processors differ in it)."""
    if got == said:
        return True
    try:
        last = 10.0 ** -len(said.partition("e")[0].partition(".")[2])
        return float(got) == pytest.approx(float(said), rel=2e-3, abs=1.01 * last if "e" not in said else 0.0)
    except ValueError:
        return False


def words(text: str) -> list[list[str]]:
    """Words of the lines that do not say how long something took, brackets and commas apart."""
    lines = [line for line in text.splitlines() if not re.search(r" [\d.]+ s$", line)]
    return [re.sub(r"[][(){},:%]", " ", line).split() for line in lines]


@pytest.mark.parametrize("page", [p for p in PAGES if BLOCK.search(p.read_text())], ids=lambda p: p.stem)
def test_the_python_of_a_page_runs_and_prints_what_it_says(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    mpl.use("Agg")
    for code, said, got in executed(page):
        assert (said is None) == (got == ""), f"{page.name}: say what this prints\n{code}\n{got}"
        if said is None:
            continue
        for stated, shown in zip(words(said), words(got), strict=True):
            assert len(stated) == len(shown), (code, stated, shown)
            assert all(map(same, shown, stated)), (code, stated, shown)
    pyplot.close("all")


def test_another_number_would_be_noticed():
    assert same("0.12345", "0.12346")
    assert not same("0.1234", "0.1244")
    assert not same("delta", "gamma")


@pytest.mark.parametrize("page", TEXTS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_links_lead_to_files_or_are_addresses(page):
    for link in (a or b for a, b in LINK.findall(page.read_text())):
        address = urlparse(link)
        if address.scheme:
            assert address.scheme in ("http", "https", "mailto"), link
            assert "." in address.netloc, link
        elif address.path:
            assert (page.parent / address.path).exists(), f"{page.name}: {link}"


def test_everything_public_is_in_the_reference():
    listed = "".join((DOCS / "api" / name).read_text() for name in ("index.rst", "protocols.md"))
    modules = {"quantlib"}
    missing = [n for n in lg.__all__ if n not in modules and not re.search(rf"^   (\S+\.)?{n}$", listed, flags=re.M)]
    assert not missing, missing


def test_the_glossary_has_every_parameter_and_greek():
    text = (DOCS / "glossary.md").read_text()
    names = {*lg.GBM.parameters, *lg.Heston.parameters, *(f'"{greek}"' for greek in NAMED)}
    assert not [name for name in names if f"`{name}`" not in text]
