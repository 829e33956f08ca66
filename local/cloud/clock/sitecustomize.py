"""Time in the functions, ahead of this machine's by the seconds that stand in a file.

MiniStack's workers find it by PYTHONPATH: Python imports a module of this name at its start. Only
`time.time` runs ahead, which is the one clock that the bundle's code reads; AWS's clients sign with
`datetime`, so the local cloud still believes them.
"""

import os
import time
from pathlib import Path

_AHEAD = Path(os.environ["CLOCK_AHEAD_FILE"])
_real_time = time.time


def _time() -> float:
    return _real_time() + float(_AHEAD.read_text())


time.time = _time
