"""Decides what it amounts to that somebody says that they have a problem: they said so, and a person hears it.

It is no breach, whatever it is, and no excuse either: that is for people. How urgent it is follows from the topic.
"""

from surety.rules import grounds
from surety.rules.facts import ProblemTold, Topic
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.rules.grounds import Numbers, Subject
from surety.rules.state import Device

AT_ONCE = frozenset({Topic.UNSAFE, Topic.UNWELL})
"""Somebody is asked after at once; with anything else they are helped within the hour."""


def told(fact: ProblemTold, device: Device, subject: Subject) -> Finding:
    """The finding. Two that are told at one instant are two."""
    numbers: Numbers = {
        "topic": fact.topic.value,
        "words": fact.words,
        **grounds.device_numbers(device, fact.at_ms),
    }
    evidence = Evidence((fact.id,), numbers)
    at_ms, kind = fact.at_ms, Kind.PROBLEM_TOLD
    return subject.begin(kind, at_ms, at_ms, Certainty.ESTABLISHED, Cause.UNKNOWN, evidence, apart=fact.id)
