"""requests without the library that guesses character sets: a tenth of its import, and every body
that the bundle reads is JSON.

requests works without one, and says so; nobody needs to hear it.
"""

from __future__ import annotations

import sys
import warnings

GUESSER = "charset_normalizer"

if GUESSER not in sys.modules:
    sys.modules[GUESSER] = None  # type: ignore[assignment] # as if it were not installed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import requests
    del sys.modules[GUESSER]
else:
    import requests

__all__ = ["requests"]
