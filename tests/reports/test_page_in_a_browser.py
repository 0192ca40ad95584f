"""The report in a headless browser: what a person can do with its trades, at a desk's width and at a telephone's.

The page is opened with a script behind its own that does what a person would and writes down what it sees. Without a
browser (Debian: chromium-headless-shell; windows of chromium are 500 pixels wide at least) there is nothing to test.
"""

import json
import re
import shutil
import subprocess

import pandas as pd
import pytest

import likelihood_greeks as lg

BROWSER = next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no browser is installed")]

MARKET = {
    "valuation_date": "2025-01-01",
    "underlyings": {
        "X": {"spot": 93.0, "zero_rate": 0.03, "implied_volatility": 0.27},
        "Y": {"spot": 50.0, "zero_rate": 0.03, "implied_volatility": 0.35},
    },
}
TRADES = [
    ("A", "X", "call", 10, 97),
    ("B", "X", "put", -300, 91),
    ("</script><b>C", "Y", "call", 7, 100),
    ("D", "Y", "put", -1, 9),
]
WATCH = """
<script>window.seen = {errors: []};
addEventListener("error", function (event) { seen.errors.push(String(event.message)); });
addEventListener("securitypolicyviolation", function (event) { seen.errors.push("blocked " + event.blockedURI); });
</script>
"""
REPORT = """
<script>(function () {
  const table = document.getElementById("trade-table");
  const all = (within, selector) => [...within.querySelectorAll(selector)];
  const names = () => all(table, "tbody tr:not(.detail) td:first-child").map(cell => cell.textContent.slice(2));
  const press = title => [...table.querySelectorAll("thead button")].find(b => b.textContent.startsWith(title)).click();
  const type = (title, text) => {
    const input = table.querySelector(`thead input[aria-label="filter ${title}"]`);
    input.value = text;
    input.dispatchEvent(new Event("input"));
  };
  const group = value => {
    const select = document.querySelectorAll("#trade-tools select")[1];
    select.value = value === "" ? "" : [...select.options].find(option => option.textContent === value).value;
    select.dispatchEvent(new Event("change"));
  };
  seen.first = names();
  press("strike"); seen.down = names();
  press("strike"); seen.up = names();
  type("position", "<0"); seen.short = names();
  type("position", ""); type("product", "ca"); seen.calls = names();
  type("product", ""); type("maturity", ">2025-08-01"); seen.late = names();
  type("maturity", ""); group("underlying"); seen.grouped = names();
  seen.sums = [...table.querySelectorAll("tr.group td.n small")].length;
  group("");
  table.querySelector("button.open").click();
  const detail = table.querySelector("tr.detail");
  seen.detail = [...detail.querySelectorAll("h3")].map(title => title.textContent);
  seen.rungs = detail.querySelectorAll(".bar.two i").length;
  seen.tags = document.querySelectorAll("td b:not(.verdict)").length;
  seen.red = [...document.querySelectorAll("#trade-table td.minus")].every(cell => /^-/.test(cell.textContent));
  seen.requests = performance.getEntriesByType("resource").map(entry => entry.name);
  seen.overrun = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  seen.width = innerWidth;
  const seenText = JSON.stringify(seen);
  document.documentElement.replaceChildren(document.createElement("body"));
  document.body.textContent = "SEEN" + btoa(unescape(encodeURIComponent(seenText))) + "SEEN";
}());</script>
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    rows = [
        {"trade_id": name, "underlying": underlying, "product": product, "quantity": quantity, "strike": strike,
         "maturity": f"2025-{6 + k:02}-03", "trader": "Ann"}
        for k, (name, underlying, product, quantity, strike) in enumerate(TRADES)
    ]  # fmt: skip
    book = pd.DataFrame(rows)
    frame = lg.risk(book, MARKET, seed=1, buckets=["vega"])
    grid = lg.scenario_grid(book, MARKET, [-0.1, 0.0, 0.1], [0.0, 0.02], seed=1)
    path = tmp_path_factory.mktemp("page") / "risk.html"
    limits = {"delta": {"book": 1.0}}
    lg.report(frame, path, ladder=lg.ladder(book, MARKET, seed=1), scenarios=grid, by=["trader"], limits=limits)
    return path


def opened(page, width, *more):
    """What the browser prints of the page, opened at a width."""
    options = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},900", *more]
    ran = subprocess.run([BROWSER, "--headless", *options, page.as_uri()], capture_output=True, timeout=120, check=True)
    return ran.stdout.decode()


def seen_in(page, width):
    """What the script saw."""
    import base64

    text = page.read_text(encoding="utf-8")
    watched = page.with_name("watched.html")
    watched.write_text(
        text.replace("<title>", WATCH + "<title>", 1).replace("</body>", REPORT + "</body>"), encoding="utf-8"
    )
    found = re.search("SEEN([^<]+)SEEN", opened(watched, width, "--dump-dom"))
    assert found, "the script came to no end"
    return json.loads(base64.b64decode(found[1]))


@pytest.mark.parametrize("width", [1400, 420])
def test_a_person_sorts_filters_groups_and_opens_trades(page, width):
    seen = seen_in(page, width)
    c = "</script><b>C"
    assert seen["errors"] == seen["requests"] == []
    assert seen["first"] == ["A", "B", c, "D"]
    assert seen["down"] == [c, "A", "B", "D"]
    assert seen["up"] == ["D", "B", "A", c]
    assert sorted(seen["short"]) == ["B", "D"]
    assert sorted(seen["calls"]) == [c, "A"]
    assert sorted(seen["late"]) == [c, "D"]
    assert [name for name in seen["grouped"] if ", 2 trades" in name] == ["X, 2 trades", "Y, 2 trades"]
    assert seen["sums"] == 0  # closed forms: no error
    assert seen["detail"] == ["Terms", "Greeks", "Gain by move of the spot", "vega by node"]
    assert seen["rungs"] == 3
    assert seen["tags"] == 0  # names are text
    assert seen["red"]
    assert seen["overrun"] <= 0
    if seen["width"] == 500 > width:
        pytest.skip("this browser has no window so narrow; chromium-headless-shell has")
    assert seen["width"] == width


def test_it_prints_all_of_it(page, tmp_path):
    target = tmp_path / "risk.pdf"
    opened(page, 1400, f"--print-to-pdf={target}", "--no-pdf-header-footer")
    assert target.read_bytes().startswith(b"%PDF")
    assert target.stat().st_size > 10_000
