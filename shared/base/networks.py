"""Pi's two networks."""

from __future__ import annotations

from enum import StrEnum


class Network(StrEnum):
    """The names are the Stellar network passphrases as well."""

    MAINNET = "Pi Network"
    TESTNET = "Pi Testnet"
