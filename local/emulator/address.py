"""Stellar public keys ("G...", 56 characters) with a valid checksum, made from a name.

Nobody holds the secret key of such an address: it can receive, and `pay` can spend from it, but
nothing can be signed for it. An app that signs brings its own wallet.
"""

import base64
import binascii
import hashlib

_PUBLIC_KEY = bytes([6 << 3])


def address_of(name: str) -> str:
    """The address of a name: always the same one."""
    payload = _PUBLIC_KEY + hashlib.sha256(name.encode()).digest()
    return base64.b32encode(payload + _checksum(payload)).decode()


def is_address(text: str) -> bool:
    """Whether Stellar would take this text as a public key."""
    try:
        raw = base64.b32decode(text)
    except ValueError:
        return False
    payload, checksum = raw[:-2], raw[-2:]
    return len(raw) == 35 and raw[:1] == _PUBLIC_KEY and checksum == _checksum(payload)


def _checksum(payload: bytes) -> bytes:
    return binascii.crc_hqx(payload, 0).to_bytes(2, "little")
