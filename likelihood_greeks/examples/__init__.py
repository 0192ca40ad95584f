"""A small book with its market of a Monday and of the Tuesday after, and named stresses, to try things with."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from .._checks import refuse
from .._outputs import written

FILES = ("book.csv", "monday.toml", "tuesday.toml", "stress.toml")


def write(folder: Path) -> list[Path]:
    """Write the files into a folder, which is made; nothing is written over.

    Raises
    ------
    ValueError
        If one of the files is there, or the folder is a file.
    """
    if folder.exists() and not folder.is_dir():
        refuse("folder", "be one, not a file", str(folder))
    paths = [folder / name for name in FILES]
    if there := [path for path in paths if path.exists()]:
        refuse("folder", f"hold none of the files that are written, such as {there[0].name}", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        text = resources.files(__name__).joinpath(path.name).read_bytes()
        written(path, lambda unfinished, text=text: unfinished.write_bytes(text))  # type: ignore[misc]
    return paths
