"""Whether a site is open during a meeting, from its OpenStreetMap opening hours.

Hours that are blank, cannot be read, or are themselves marked unknown do not shut a site out:
someone will call before a meeting is planned there. Times are local to the meeting.
"""

from datetime import datetime

from opening_hours import OpeningHours, State, validate

from famgeo.domain import Meeting


def open_during(opening_hours: str, meeting: Meeting) -> bool:
    """Return whether nothing in the opening hours says the site is closed during the meeting.

    >>> from zoneinfo import ZoneInfo
    >>> evening = Meeting.parse("2020-02-05 18:00/20:00", ZoneInfo("America/New_York"))
    >>> open_during("Mo-Fr 09:00-20:00", evening), open_during("Mo-Fr 09:00-19:00", evening)
    (True, False)
    """
    if not validate(opening_hours):
        return True
    states = OpeningHours(opening_hours).intervals(_local(meeting.arrive_by), _local(meeting.ends))
    return all(state != State.CLOSED for _, _, state, _ in states)


def _local(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
