"""Stellar key pairs made from a name: `S...` signs, `G...` (56 characters) is the account.

Every wallet here has a real ed25519 key, so whoever knows the name can sign for it. The stellar
SDK's own cryptography is used directly: importing the SDK takes ten times as long.
"""

import base64
import binascii
import hashlib

from nacl.signing import SigningKey

_PUBLIC_KEY = bytes([6 << 3])
_SEED = bytes([18 << 3])
# By its address: what each wallet that was made here signs with.
_SEEDS: dict[str, str] = {}


def seed_of(name: str) -> str:
    """The secret seed of a name's wallet: always the same one."""
    return _encode(_SEED, hashlib.sha256(name.encode()).digest())


def address_of(name: str) -> str:
    """The address of a name's wallet."""
    return address_of_seed(seed_of(name))


def address_of_seed(seed: str) -> str:
    """The address that this seed signs for. Raises ValueError for what is no seed."""
    secret = _decode(_SEED, seed)
    if secret is None:
        raise ValueError("not a secret seed")
    address = _encode(_PUBLIC_KEY, SigningKey(secret).verify_key.encode())
    _SEEDS[address] = seed
    return address


def seed_behind(address: str) -> str | None:
    """The seed of an address that was made here."""
    return _SEEDS.get(address)


def is_address(text: str) -> bool:
    """Whether Stellar would take this text as a public key."""
    return _decode(_PUBLIC_KEY, text) is not None


def _encode(kind: bytes, content: bytes) -> str:
    payload = kind + content
    return base64.b32encode(payload + _checksum(payload)).decode()


def _decode(kind: bytes, text: str) -> bytes | None:
    try:
        raw = base64.b32decode(text)
    except ValueError:
        return None
    payload, checksum = raw[:-2], raw[-2:]
    valid = len(raw) == 35 and raw[:1] == kind and checksum == _checksum(payload)
    return payload[1:] if valid else None


def _checksum(payload: bytes) -> bytes:
    return binascii.crc_hqx(payload, 0).to_bytes(2, "little")
