"""Pages of Markdown: their Python, what it prints, and their links."""

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

BLOCK = re.compile(
    r"(?:<!-- (?P<skip>not run:[^>]*) -->\n)?```python\n(?P<code>.*?)```(?:\n\n```text\n(?P<said>.*?)```)?", re.S
)


def executed(page: Path) -> Iterator[tuple[str, str | None, str]]:
    """(code, what the page says it prints, what it printed) of each block, all in one namespace."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in BLOCK.finditer(page.read_text()):
        if block["skip"]:
            continue
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            exec(compile(block["code"], str(page), "exec"), namespace)
        yield block["code"], block["said"], shown.getvalue()


def filled(page: Path) -> str:
    """The page with what its code prints."""
    printed = [(code, got) for code, said, got in executed(page) if said is not None]
    text = page.read_text()
    for code, got in printed:
        head = f"```python\n{code}```\n\n```text\n"
        start = text.index(head) + len(head)
        text = text[:start] + got + text[text.index("```", start) :]
    return text


FEW, OTHERWISE = 3.0, 0.5
"""Standard errors by which a value may differ where another choice of controls was made, and the share of itself by
which a standard error may; the gain in variance, a ratio of their squares, may by twice that."""

TIMING = re.compile(r" [\d.]+ s$")


def words(text: str) -> list[list[str]]:
    """Words of the lines that do not say how long something took, brackets and commas apart."""
    lines = [line for line in text.splitlines() if not TIMING.search(line)]
    return [re.sub(r"[][(){},:%]", " ", line).split() for line in lines]


def same(got: str, said: str, within: float = 0.0) -> bool:
    """Whether the words agree, numbers to a thousandth, the last digit shown (processors differ in it) or `within`."""
    if got == said:
        return True
    try:
        number, stated = float(got), float(said)
    except ValueError:
        return False
    last = 0.0 if "e" in said else 1.01 * 10.0 ** -len(said.partition(".")[2])
    return abs(number - stated) <= max(2e-3 * abs(stated), last, within)


def allowances(lines: list[list[str]]) -> Iterator[list[float]]:
    """By how much each word of some lines may differ, from the standard errors that stand beside it.

    These stand after a plus-minus, or in a column of a table called so.
    """
    columns: list[str] = []
    for line in lines:
        if any(word.endswith("standard_error") for word in line):
            columns = line
        elif not line or "±" in line or _numeric(line[0]):  # no row of a table
            columns = []
        found = [0.0] * len(line)
        for place, word in enumerate(line):
            if word == "±":
                error = float(line[place + 1])
                found[place - 1], found[place + 1] = FEW * error, OTHERWISE * error
        row = dict(zip(reversed(columns), range(-1, -len(line) - 1, -1), strict=False)) if line is not columns else {}
        for name, place in row.items():
            if not name.endswith("standard_error") or not _numeric(line[place]):
                continue
            error, of = float(line[place]), name.removesuffix("standard_error")
            found[place] = OTHERWISE * error
            for other in (f"{of}value", f"{of}low", f"{of}high"):
                if other in row:
                    found[row[other]] = FEW * error
            if not of and "variance_ratio" in row:
                found[row["variance_ratio"]] = 2.0 * OTHERWISE * _number(line[row["variance_ratio"]])
        yield found


def disagreements(said: str, got: str) -> list[tuple[list[str], list[str]]]:
    """Lines of what a page says that are not what its code printed, both in words."""
    stated, shown = words(said), words(got)
    if len(stated) != len(shown):
        return [(said.split(), got.split())]
    return [
        (a, b)
        for a, b, within in zip(stated, shown, allowances(stated), strict=True)
        if len(a) != len(b) or not all(map(same, b, a, within))
    ]


def _numeric(word: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?", word) is not None


def _number(word: str) -> float:
    return float(word) if _numeric(word) else 0.0
