"""What can go wrong, in words a planner understands.

Every error has two parents: ``FamgeoError``, so that the command line and the app can show one
plain sentence, and a builtin, so that a Python user can catch what they expect to catch. A message
says what is wrong, where, and what to do.
"""


class FamgeoError(Exception):
    """Any failure whose message may be shown to a user as it is."""


class SourceError(FamgeoError, ValueError):
    """A file that cannot be used at all: wrong kind, truncated, empty, a column missing."""


class TableError(FamgeoError, ValueError):
    """A table that breaks its schema; the message names every bad row."""


class TravelError(FamgeoError, ValueError):
    """A travel-time question without an answer: a date outside the feed, no streets near."""


class PlanError(FamgeoError, ValueError):
    """A plan that cannot be made as asked; the message names what binds."""


class ReleaseError(FamgeoError, RuntimeError):
    """A release that would show too small a group; nothing is written."""


class StudyError(FamgeoError, LookupError):
    """A study that is not there, is damaged, or still lacks a part."""


class FetchError(FamgeoError, OSError):
    """A download that failed; the message says which file to fetch by hand and where to put it."""
