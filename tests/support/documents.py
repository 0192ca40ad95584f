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
