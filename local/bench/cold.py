"""One cold start, in a process of its own: import and first clients.

Usage: python -P cold.py bundle | bare [LIBRARY ...]    Prints CPU milliseconds. A library is
the name of an AWS service, whose client is made, or of a package, which is imported.
"""

import sys
import time

started = time.process_time()
if sys.argv[1] == "bundle":
    import app  # type: ignore[import-not-found]  # noqa: F401 - the folder is on PYTHONPATH
else:
    from local.bench.bare import Bare

    Bare(*sys.argv[2:])
sys.stdout.write(str((time.process_time() - started) * 1000))
