"""How a person answers a review of a check-in's photographs."""

from surety.server.checkins.deciding import open_review

__all__ = ["open_review"]
