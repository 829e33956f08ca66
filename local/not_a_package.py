"""What pip is told at the root, whose build backend this is: a SAM bundle is no package.

Without it, pip fails over the layout of the folders, and says nothing that helps.
"""

from typing import NoReturn

MESSAGE = """\
This is a SAM bundle, not a package: there is nothing to install.
  on this machine:      make run
  on AWS:               sam build && sam deploy --guided
  the Pi emulator only: pip install local/emulator"""


def build_wheel(*_args: object, **_settings: object) -> NoReturn:
    raise SystemExit(MESSAGE)


build_editable = build_sdist = build_wheel
