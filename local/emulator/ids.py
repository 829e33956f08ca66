"""Identifiers as Pi makes them, from one seed: the same seed, the same identifiers."""

import string
import uuid
from random import Random

_ALPHABET = string.ascii_letters + string.digits + "-_"


class Ids:
    """Payment identifiers fill a Stellar text memo exactly and may hold `-` and `_`."""

    def __init__(self, seed: int | None) -> None:
        # Nothing here is a secret.
        self._random = Random(seed)  # nosec B311

    def payment(self) -> str:
        return "".join(self._random.choices(_ALPHABET, k=28))

    def token(self) -> str:
        return "".join(self._random.choices(_ALPHABET, k=43))

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
