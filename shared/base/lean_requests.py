"""requests without the library that guesses character sets: a tenth of its import, and every body
that the bundle reads is JSON.
"""

from __future__ import annotations

import warnings

from shared.base.lean import without

with without("charset_normalizer"), warnings.catch_warnings():
    # requests works without one, and says so; nobody needs to hear it.
    warnings.simplefilter("ignore")
    import requests

__all__ = ["requests"]
