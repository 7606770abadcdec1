"""Days, years and texts of JavaScript's Date, which reaches 100 million days to either side of 1970."""

from __future__ import annotations

DAY = 86_400_000  # ms
LIMIT = 100_000_000 * DAY
DAYS_TO_EPOCH = 719_468  # from 0000-03-01
DAYS_OF_400_YEARS = 146_097


def day_number(year: int, month: int, day: int) -> int:
    """Days since 1970 of a date of the Gregorian calendar; `day` may lie outside of its month."""
    year -= month <= 2
    era, year = divmod(year, 400)
    return era * DAYS_OF_400_YEARS + year * 365 + year // 4 - year // 100 + (153 * ((month + 9) % 12) + 2) // 5 \
        + day - 1 - DAYS_TO_EPOCH


def month_length(year: int, month: int) -> int:
    after = (year, month + 1, 1) if month < 12 else (year + 1, 1, 1)
    return day_number(*after) - day_number(year, month, 1)


def clip(ms: float) -> int | None:
    """The moment that a Date holds: whole milliseconds; None beyond its range, and for NaN."""
    return int(ms) if abs(ms) <= LIMIT else None


def iso(ms: int) -> str:
    """`toISOString`: years beyond four digits have six and a sign."""
    days, rest = divmod(ms, DAY)
    era, days = divmod(days + DAYS_TO_EPOCH, DAYS_OF_400_YEARS)
    year_of_era = (days - days // 1460 + days // 36_524 - days // 146_096) // 365
    day_of_year = days - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = year_of_era + era * 400 + (month <= 2)
    named = f"{year:04}" if 0 <= year <= 9999 else f"{year:+07}"
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    seconds, fraction = divmod(rest, 1000)
    return (f"{named}-{month:02}-{day:02}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
            f".{fraction:03}Z")
