"""What the desk shows, as the address says it and as a sentence: "Critical and serious, my region, unassigned"."""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from surety.server.accounts.models import User
from surety.server.alerts.models import Severity, Status
from surety.server.alerts.queries import UNRESOLVED, Filter
from surety.server.cases import queries as cases

SEVERITIES = {
    "": ("all", ()),
    "1": ("critical", (Severity.CRITICAL,)),
    "2": ("critical and serious", (Severity.CRITICAL, Severity.SERIOUS)),
    "3": ("critical, serious and routine", (Severity.CRITICAL, Severity.SERIOUS, Severity.ROUTINE)),
}
STATES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "": ("waiting for us", UNRESOLVED),
    "open": ("not yet acknowledged", (Status.OPEN,)),
    "second": ("awaiting a second person", (Status.AWAITING_SECOND,)),
    "resolved": ("resolved", (Status.RESOLVED,)),
}
OWNERS = {"": "anybody's", "nobody": "nobody's", "me": "mine"}
CLEARED: Mapping[str, tuple[str, bool | None]] = {
    "": ("cleared or not", None),
    "no": ("not yet cleared", False),
    "yes": ("cleared by itself", True),
}


class Option(msgspec.Struct, frozen=True):
    """One choice of a part of the sentence."""

    value: str
    words: str
    chosen: bool


class Choice(msgspec.Struct, frozen=True):
    """The parts that were chosen; each is the value in the address, empty for its first option."""

    severity: str = ""
    owner: str = ""
    region: str = ""
    state: str = ""
    cleared: str = ""

    @property
    def query(self) -> str:
        """The choice as a query string, without what is chosen anyway."""
        return urlencode({name: getattr(self, name) for name in self.__struct_fields__ if getattr(self, name)})

    @property
    def filter(self) -> Filter:
        """The choice as the alerts' reader takes it."""
        return Filter(
            statuses=STATES[self.state][1],
            severities=tuple(SEVERITIES[self.severity][1]),
            owner=self.owner or "any",
            region=self.region,
            cleared=CLEARED[self.cleared][1],
        )

    @property
    def sentence(self) -> str:
        """The choice in words."""
        parts = [
            f"{SEVERITIES[self.severity][0].capitalize()} alerts",
            self.region or "all my regions",
            OWNERS[self.owner],
            STATES[self.state][0],
        ]
        if self.cleared:
            parts.append(CLEARED[self.cleared][0])
        return ", ".join(parts)


def chosen(given: Mapping[str, str]) -> Choice:
    """The choice in an address. A part that is not known counts as not chosen."""
    return Choice(
        severity=_known(given, "severity", SEVERITIES),
        owner=_known(given, "owner", OWNERS),
        region=given.get("region", "")[:64],
        state=_known(given, "state", STATES),
        cleared=_known(given, "cleared", CLEARED),
    )


def _known(given: Mapping[str, str], name: str, options: Mapping[str, object]) -> str:
    value = given.get(name, "")
    return value if value in options else ""


def options(choice: Choice, user: User) -> dict[str, list[Option]]:
    """What can be chosen in each part of the sentence."""
    regions = cases.caseload(user).order_by("region").values_list("region", flat=True).distinct()
    return {
        "severity": [Option(value, words, value == choice.severity) for value, (words, _) in SEVERITIES.items()],
        "owner": [Option(value, words, value == choice.owner) for value, words in OWNERS.items()],
        "region": [Option("", "all my regions", not choice.region)]
        + [Option(name, name, name == choice.region) for name in regions if name],
        "state": [Option(value, words, value == choice.state) for value, (words, _) in STATES.items()],
        "cleared": [Option(value, words, value == choice.cleared) for value, (words, _) in CLEARED.items()],
    }
