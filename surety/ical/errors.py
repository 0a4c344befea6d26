"""Refusals of a calendar file."""


class CalendarError(ValueError):
    """A calendar cannot be read as asked: one sentence that says which event, why, and what to do."""
