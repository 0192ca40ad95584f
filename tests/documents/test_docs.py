"""The documentation's Python runs and prints what the pages say; links lead somewhere; everything public is listed."""

import re
from urllib.parse import urlparse

import matplotlib as mpl
import pytest
from matplotlib import pyplot

import likelihood_greeks as lg
from likelihood_greeks.parameters import NAMED
from tests.support.documents import BLOCK, disagreements, executed, same
from tests.support.places import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)
TEXTS = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)|<(https?://[^>\s]+)>")


@pytest.mark.parametrize("page", [p for p in PAGES if BLOCK.search(p.read_text())], ids=lambda p: p.stem)
@pytest.mark.slow
def test_the_python_of_a_page_runs_and_prints_what_it_says(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    mpl.use("Agg")
    for code, said, got in executed(page):
        assert (said is None) == (got == ""), f"{page.name}: say what this prints\n{code}\n{got}"
        if said is None:
            continue
        assert not (wrong := disagreements(said, got)), (code, wrong)
    pyplot.close("all")


def test_another_number_would_be_noticed():
    assert same("0.12345", "0.12346")
    assert not same("0.1234", "0.1244")
    assert not same("delta", "gamma")


TABLE = """\
                   value  standard_error  variance_ratio
greek
price             8.4436          0.0077         31.3573
spot:correlation  0.6208          0.0013        956.3005

greek  position_value  position_standard_error
price        873806.0                   4302.0
delta           781.4                     12.2
0.0261937 ± 1.8e-05 | -0.133805 ± 0.0005
[ 64.87 104.76 129.59]
"""


@pytest.mark.parametrize(
    ("said", "got", "noticed"),
    [  # a few standard errors beside it, and no more; without one, a thousandth
        ("8.4436", "8.4600", False),
        ("8.4436", "8.4700", True),
        ("0.0077", "0.0090", False),
        ("0.0077", "0.0177", True),
        ("31.3573", "40.1", False),
        ("31.3573", "131.4", True),
        ("873806.0", "873380.6", False),
        ("873806.0", "893806.0", True),
        ("781.4", "-781.4", True),
        ("0.0261937", "0.0262300", False),
        ("0.0261937", "0.0263000", True),
        ("-0.133805", "-0.131", True),
        ("104.76", "105.16", True),
        ("spot:correlation", "spot:rate", True),
        ("delta ", "gamma ", True),
        ("0.0013 ", "nan ", True),
    ],
)
def test_what_differs_by_more_than_errors_beside_it_would_be_noticed(said, got, noticed):
    assert TABLE.count(said) == 1
    assert bool(disagreements(TABLE, TABLE.replace(said, got))) == noticed
    assert not disagreements(TABLE, TABLE)
    assert disagreements(TABLE, TABLE + "one more\n")


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
    names = {*lg.GBM(spot=1.0, volatility=1.0).parameters, *lg.Heston.parameters, *(f'"{greek}"' for greek in NAMED)}
    assert not [name for name in names if f"`{name}`" not in text]
