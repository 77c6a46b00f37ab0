#!/usr/bin/env python3
"""Writes holidays.csv: the days on which holidays come, a line `name,date` each, by date.

    python3 -m venv /tmp/holidays
    /tmp/holidays/bin/pip install pyluach==2.3.0 hdate==1.2.2
    /tmp/holidays/bin/python shared/domain/data/holidays.py

The Hebrew calendar is pyluach's. Before a line is written, every date is compared with
hdate's; where they differ nothing is written. A Hebrew day stands under the date of its daylight:
it began on the evening before.
"""

import datetime
import pathlib
import sys

import hdate
from hdate.holidays import HolidayDatabase
from pyluach.dates import HebrewDate
from pyluach.hebrewcal import Year

FIRST, LAST = 2024, 2045
YEARS = range(FIRST, LAST + 1)
DAY = datetime.timedelta(days=1)
THURSDAY, FRIDAY, SATURDAY, SUNDAY, MONDAY = 3, 4, 5, 6, 0

# Month (Nisan is the first) and day.
HEBREW = {
    "rosh-hashana": (7, 1),
    "second-rosh-hashana": (7, 2),
    "yom-kippur": (7, 10),
    "sukkot": (7, 15),
    "simchat-torah": (7, 22),
    "hanukkah": (9, 25),
    "tu-bishvat": (11, 15),
    "passover": (1, 15),
    "seventh-passover": (1, 21),
    "shavuot": (3, 6),
}

FIXED = {"new-year": (1, 1), "valentines": (2, 14), "christmas": (12, 25)}

HDATE = {
    "rosh_hashana_i": "rosh-hashana",
    "rosh_hashana_ii": "second-rosh-hashana",
    "yom_kippur": "yom-kippur",
    "sukkot": "sukkot",
    "simchat_torah": "simchat-torah",
    "chanukah": "hanukkah",
    "tu_bshvat": "tu-bishvat",
    "purim": "purim",
    "pesach": "passover",
    "pesach_vii": "seventh-passover",
    "yom_hashoah": "holocaust-day",
    "yom_hazikaron": "memorial-day",
    "yom_haatzmaut": "independence-day",
    "shavuot": "shavuot",
}


def hebrew(year, month, day):
    return HebrewDate(year, month, day).to_pydate()


def modern(year):
    """The days that move so that no Sabbath is desecrated by keeping or by preparing them."""
    independence = hebrew(year, 2, 5)
    independence += {FRIDAY: -1, SATURDAY: -2, MONDAY: 1}.get(independence.weekday(), 0) * DAY
    holocaust = hebrew(year, 1, 27)
    holocaust += {FRIDAY: -1, SUNDAY: 1}.get(holocaust.weekday(), 0) * DAY
    yield "independence-day", independence
    yield "memorial-day", independence - DAY
    yield "holocaust-day", holocaust


def black_friday(year):
    november = [datetime.date(year, 11, day) for day in range(1, 31)]
    return [day for day in november if day.weekday() == THURSDAY][3] + DAY


def table():
    found = set()
    for year in range(FIRST + 3760, LAST + 3762):
        found |= {(hebrew(year, *day), name) for name, day in HEBREW.items()}
        adar = 13 if Year(year).leap else 12
        found.add((hebrew(year, adar, 14), "purim"))
        found |= {(day, name) for name, day in modern(year)}
    for year in YEARS:
        found |= {(datetime.date(year, *day), name) for name, day in FIXED.items()}
        found.add((black_friday(year), "black-friday"))
    return {(day, name) for day, name in found if day.year in YEARS}


def first_days(found):
    """Of the days of a holiday that lasts several, the first."""
    return {(day, name) for day, name in found if (day - DAY, name) not in found}


def by_hdate():
    found = set()
    for year in range(FIRST + 3760, LAST + 3762):
        days = HolidayDatabase(diaspora=False).lookup_holidays_for_year(hdate.HebrewDate(year))
        for day, that_day in days.items():
            names = {HDATE[holiday.name] for holiday in that_day if holiday.name in HDATE}
            found |= {(day.to_gdate(), name) for name in names}
    return {(day, name) for day, name in first_days(found) if day.year in YEARS}


def main():
    own, theirs = table(), by_hdate()
    differ = {(day, name) for day, name in own if name in HDATE.values()} ^ theirs
    for day, name in sorted(differ):
        print(f"{name} {day}: hdate says otherwise", file=sys.stderr)
    if differ:
        sys.exit(1)
    lines = [f"{name},{day}\n" for day, name in sorted(own)]
    pathlib.Path(__file__).with_name("holidays.csv").write_text("".join(lines))


if __name__ == "__main__":
    main()
