"""RFC 3339 date-times, read strictly."""

import calendar
import re
from datetime import UTC, datetime, timedelta, timezone

# Any number of fraction digits is allowed there; more than nine serve nobody.
_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,9})?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


def seconds_of(text: str) -> float:
    """UTC seconds since the epoch. Raises ValueError.

    A leap second (`:60`) is the first moment of the next minute, and stands only where one can be: at the
    end of a month, UTC.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date-time")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    is_leap = second == 60
    zone = _zone(match[8], match[9], match[10])
    moment = datetime(year, month, day, hour, minute, 59 if is_leap else second, tzinfo=zone)
    whole = calendar.timegm(_utc(moment).timetuple())
    if is_leap:
        if _utc(moment).strftime("%H:%M:%S") != "23:59:59" or not _is_last_day(_utc(moment)):
            raise ValueError("no leap second can be there")
        whole += 1
    return whole + (float(match[7]) if match[7] else 0.0)


def date_time_of(seconds: float) -> str:
    """`2026-11-22T02:43:07Z`, down to the second."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _zone(sign: str | None, hours: str | None, minutes: str | None) -> timezone:
    if sign is None or hours is None or minutes is None:
        return UTC
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError("offset is out of range")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("year is out of range") from error


def _is_last_day(moment: datetime) -> bool:
    return moment.day == calendar.monthrange(moment.year, moment.month)[1]
