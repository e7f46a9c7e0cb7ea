"""When: times as people read them, relative and absolute in their own zone; and spans of time as they type them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from trueup.model.errors import Invalid

_STEPS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_UNITS = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True)
class When:
    """`now` has the zone that times are shown in."""

    now: datetime

    def ago(self, stamp: str | None) -> str:
        """`4 min ago`, `in 2 h`; a dash for no time."""
        if not stamp:
            return "-"
        seconds = int((self.now - _read(stamp)).total_seconds())
        for length, unit in _STEPS:
            if abs(seconds) >= length:
                count = abs(seconds) // length
                return f"{count} {unit} ago" if seconds > 0 else f"in {count} {unit}"
        return "now"

    def at(self, stamp: str | None) -> str:
        """`2026-11-22 03:00:12 CET, 4 min ago`."""
        if not stamp:
            return "-"
        local = _read(stamp).astimezone(self.now.tzinfo)
        return f"{local:%Y-%m-%d %H:%M:%S %Z}, {self.ago(stamp)}"

    def exactly(self, stamp: str) -> str:
        """`2026-11-22 03:05:00 CET (02:05 UTC)`."""
        local = _read(stamp).astimezone(self.now.tzinfo)
        utc = local.astimezone(UTC)
        day = "" if utc.date() == local.date() else f"{utc:%Y-%m-%d} "
        same = not local.utcoffset()
        return f"{local:%Y-%m-%d %H:%M:%S} UTC" if same else f"{local:%Y-%m-%d %H:%M:%S %Z} ({day}{utc:%H:%M} UTC)"

    def between(self, after: str | None, until: str) -> str:
        """When something happened that was not there at one time and was there at another."""
        if not after:
            return f"before {self.at(until)}"
        first, last = (_read(stamp).astimezone(self.now.tzinfo) for stamp in (after, until))
        ended = f"{last:%H:%M:%S}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M:%S}"
        return f"between {first:%Y-%m-%d %H:%M:%S} and {ended} {last:%Z}, {self.ago(until)}"

    def short(self, stamp: str | None) -> str:
        """For tables: `03:00:12` today, `11-22 03:00` in this year."""
        if not stamp:
            return "-"
        local = _read(stamp).astimezone(self.now.tzinfo)
        if local.date() == self.now.date():
            return f"{local:%H:%M:%S}"
        return f"{local:%m-%d %H:%M}" if local.year == self.now.year else f"{local:%Y-%m-%d}"


def moment(text: str, now: datetime, *, past: bool) -> str:
    """What a person typed (`90m`, `3h`, `14d`, `03:05`, a date, a time of ISO 8601) as ISO 8601. A span counts
    back from now where the past is meant, ahead where it is not. Raises Invalid."""
    span = re.fullmatch(r"(\d+)\s*(s|m|min|h|d|w)", text.strip())
    if span:
        length = timedelta(**{_UNITS[span[2]]: int(span[1])})
        return (now - length if past else now + length).isoformat()
    words = re.sub(r"\s*UTC$", "Z", text.strip(), flags=re.IGNORECASE)
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:?\d{2})?", words):
        return _clock_time(words, now, past=past).isoformat()
    try:
        typed = datetime.fromisoformat(words)
    except ValueError:
        hint = "like 90m, 3h, 14d, 03:05, 03:05Z, 2026-11-22 or 2026-11-22T03:00"
        raise Invalid(f"{text!r} is no time", hint=hint) from None
    return (typed if typed.tzinfo else typed.replace(tzinfo=now.tzinfo)).isoformat()


def _clock_time(words: str, now: datetime, *, past: bool) -> datetime:
    """The most recent one that the clock showed so, or the next one; in the zone that is typed, else the local one."""
    padded = words if words[2:3] == ":" else f"0{words}"
    try:
        clock = time.fromisoformat(padded)
    except ValueError:
        raise Invalid(f"{words!r} is no time of a day", hint="from 00:00 to 23:59") from None
    there = now.astimezone(clock.tzinfo) if clock.tzinfo else now
    typed = datetime.combine(there.date(), clock, clock.tzinfo or now.tzinfo)
    if past:
        return typed if typed <= now else typed - timedelta(days=1)
    return typed if typed >= now else typed + timedelta(days=1)


def seconds(text: str) -> float:
    """A span as a person types it: `90s`, `30m`, `2h`, `1h30m`. Raises Invalid."""
    parts = re.findall(r"(\d+)\s*(s|min|m|h|d|w)", text.strip())
    if not parts or re.fullmatch(r"(?:\d+\s*(?:s|min|m|h|d|w)\s*)+", text.strip()) is None:
        raise Invalid(f"{text!r} is no span of time", hint="like 30m, 2h or 1h30m")
    return sum(timedelta(**{_UNITS[unit]: int(count)}).total_seconds() for count, unit in parts)


def earlier(text: str, now: datetime) -> str:
    """As `moment`, in the past; `02:10` is the newest such time of day."""
    clock = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip())
    if clock is None:
        return moment(text, now, past=True)
    hour, minute = int(clock[1]), int(clock[2])
    if hour > 23 or minute > 59:
        raise Invalid(f"{text!r} is no time of day", hint="like 02:10")
    today = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (today if today <= now else today - timedelta(days=1)).isoformat()


def _read(stamp: str) -> datetime:
    read = datetime.fromisoformat(stamp)
    return read if read.tzinfo else read.astimezone()
