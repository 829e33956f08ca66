"""A stateful stand-in for Pi: Platform API, browser SDK calls and chain, with faults on demand.

Nothing can be tried against Pi's own servers from a test, so this package is where Pi's rules are
written down. `pi.Pi` is pure (no I/O, no threads, a clock of its own); `http` puts it on HTTP;
`in_process` answers `requests` from it without a socket; `python -m local.emulator` serves it.
"""
