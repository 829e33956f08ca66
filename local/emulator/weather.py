"""Bad weather by name: presets of the faults and the settings, to be switched on and off.

A preset does nothing that a caller could not do by `POST /faults` and `PATCH /settings`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import PiError
from .faults import Fault, FaultyFront
from .pi import Pi

LAG_S = 60.0
HOLE_LEDGERS = 720  # an hour of them

_DOWN = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Preset:
    """`faults` last until it is switched off; `settings` follow from how Pi is when it is on."""

    faults: tuple[dict[str, Any], ...] = ()
    settings: Callable[[Pi], dict[str, Any]] = lambda _pi: {}


def _hole(pi: Pi) -> dict[str, Any]:
    """The last hour's ledgers; what closes from now on is shown."""
    latest = pi.chain.latest_ledger(pi.now())
    return {"holes": [*pi.settings.holes, (max(1, latest - HOLE_LEDGERS + 1), latest)]}


PRESETS = {
    "pi_down": Preset(faults=({"path": "/v2/*", "status": 503, "body": _DOWN},)),
    "answers_lost": Preset(faults=({"method": "POST", "drop": "after"},)),
    "links_forgotten": Preset(settings=lambda _pi: {"forgets_links": True}),
    "chain_lags": Preset(settings=lambda _pi: {"ledger_lag_s": LAG_S}),
    "history_hole": Preset(settings=_hole),
}


@dataclass(slots=True)
class _Switched:
    """What switching off has to take back."""

    faults: list[Fault]
    settings_before: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Weather:
    """Which presets are on (`front.weather`). To switch on what is on, or off what is off,
    changes nothing."""

    pi: Pi
    front: FaultyFront

    @property
    def names(self) -> list[str]:
        return list(self.front.weather)

    def switch_on(self, name: str) -> None:
        """Raises PiError `not_found`."""
        preset = self._preset(name)
        if name in self.front.weather:
            return
        faults = [Fault(times=None, **each) for each in preset.faults]
        settings = preset.settings(self.pi)
        before = {each: getattr(self.pi.settings, each) for each in settings}
        self.front.faults += faults
        self._set(settings)
        self.front.weather[name] = _Switched(faults, before)

    def switch_off(self, name: str) -> None:
        """Settings are again what they were before. Raises PiError `not_found`."""
        self._preset(name)
        switched: _Switched | None = self.front.weather.pop(name, None)
        if switched is None:
            return
        gone = {id(fault) for fault in switched.faults}
        self.front.faults[:] = [each for each in self.front.faults if id(each) not in gone]
        self._set(switched.settings_before)

    def clear(self) -> None:
        for name in self.names:
            self.switch_off(name)

    def _preset(self, name: str) -> Preset:
        if name not in PRESETS:
            raise PiError("not_found", f"There is {', '.join(PRESETS)}; no {name}.")
        return PRESETS[name]

    def _set(self, settings: dict[str, Any]) -> None:
        for name, value in settings.items():
            setattr(self.pi.settings, name, value)
