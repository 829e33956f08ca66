"""All edits, as they stand in the `of_*.diff` beside this file:

in shared/payments/record.py      the file; it holds until the next `in`
by tests/unit/test_decide.py      what should catch it, as pytest's arguments; it holds likewise
   ::test_the_decision_table      the rest of a long one
its-name: The promise that is broken then.
-a text that occurs once in the file, whole lines or a part of one
+what stands there instead
 a line around it that stays, to tell it from others
= Why no test can notice: the program does the same as before (only where it does).
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mutants.edit import Edit


def edits_in(text: str) -> Iterator[Edit]:
    file = tests = ""
    for part in re.split(r"^(?=\w)", text, flags=re.MULTILINE):
        head, *rest = part.splitlines()
        body = [line for line in rest if line and line[0] != "#"]
        match head.split(maxsplit=1):
            case ["#", _]:
                pass
            case ["in", file]:
                pass
            case ["by", tests]:
                tests = " ".join([tests, *map(str.strip, body)]).replace(" ::", "::")
            case [name, breaks]:
                explained = " ".join(line.removeprefix("= ") for line in body if line[0] == "=")
                old, new = _text(body, " -"), _text(body, " +")
                yield Edit(name.removesuffix(":"), file, old, new, breaks, tests, explained or None)


def _text(body: Sequence[str], signs: str) -> str:
    return "\n".join(line[1:] for line in body if line[0] in signs)


EDITS = [
    edit
    for file in sorted(Path(__file__).parent.glob("of_*.diff"))
    for edit in edits_in(file.read_text())
]
