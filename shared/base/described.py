"""States and reasons: texts that are stored and shown, each with a sentence that explains it."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Described(StrEnum):
    """`NAME = "stored_text", "What it means, what comes next, what an operator does."`"""

    meaning: str

    def __new__(cls, text: str, meaning: str) -> Self:
        member = str.__new__(cls, text)
        member._value_, member.meaning = text, meaning
        return member
