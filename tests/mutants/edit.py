"""What an edit is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """`old`, which occurs in `file` exactly once, becomes `new`. `breaks`: the promise that is
    broken then. `tests`: what should catch it, as pytest's arguments, one space between.
    `explained`: why none can, where the program does the same as before."""

    name: str
    file: str
    old: str
    new: str
    breaks: str
    tests: str
    explained: str | None = None
