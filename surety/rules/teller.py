"""A finding on its way into words: its times, places and causes as the sentences of every kind say them."""

from surety.rules.conditions import Body, Zone
from surety.rules.findings import ENDS, Cause, Certainty, Finding, Kind
from surety.rules.phrases import abbreviation, distance, either, lasting, on_clock

_HEDGE = {Certainty.POSSIBLE: "Possibly ", Certainty.PROBABLE: "Probably ", Certainty.ESTABLISHED: ""}


class Teller:
    """One finding on its way into words."""

    def __init__(self, finding: Finding, body: Body | None, time_zone: str) -> None:
        self.finding, self.body, self.time_zone = finding, body, time_zone
        self.numbers = finding.evidence.numbers
        self._named_zone = ""
        self.at = self.time(finding.at_ms)  # said first, so it is the one that names the zone

    @property
    def hedge(self) -> str:
        """How sure it is, before the rest."""
        return _HEDGE[self.finding.certainty]

    @property
    def place(self) -> str:
        """The place or zone, as one would say it after "at" or "in"."""
        if isinstance(self.body, Zone):
            return f'the zone "{self.body.name}"'
        name = self.numbers.get("place")
        return either(name.split(", ")) if isinstance(name, str) else "the place ordered"

    def number(self, name: str) -> float | None:
        """A number of the evidence."""
        value = self.numbers.get(name)
        return value if isinstance(value, int | float) else None

    def time(self, at_ms: float) -> str:
        """A time of day; with the zone where it was not said yet, with the date where it is another day."""
        local = on_clock(int(at_ms), self.time_zone)
        text = f"{local:%H:%M}"
        if (zone := abbreviation(local)) != self._named_zone:
            text, self._named_zone = f"{text} {zone}", zone
        other_day = local.date() != on_clock(self.finding.at_ms, self.time_zone).date()
        return f"{text} on {local.day} {local:%b}" if other_day else text

    def last_fix(self) -> str:
        """ "Last certain fix 20:51, 140 m away." - or nothing where there was none."""
        at, clearance = self.number("last_certain_ms"), self.number("clearance_m")
        if at is None or clearance is None:
            return ""
        where = f"{distance(clearance)} inside" if clearance >= 0 else f"{distance(-clearance)} away"
        return f"Last certain fix {self.time(at)}, {where}."

    def lasted(self, what: str) -> str:
        """How long what the finding ends went on, for the end of a sentence."""
        began = self.number("began_ms")
        return "" if began is None else f"; {what} {lasting(self.finding.at_ms - int(began))}"

    def device(self) -> str:
        """What the device had told of itself, where it bears on the finding."""
        if self.finding.kind in ENDS:
            return ""
        pct = self.number("battery_pct")
        told = [] if pct is None else [f"Battery {pct:.0f} %."]
        if self.numbers.get("worn") == "no" and self.finding.kind is not Kind.OFF_WRIST:
            told.append("The device had reported that it was not worn.")
        if self.numbers.get("power") == "off" and self.finding.kind is not Kind.POWERED_OFF:
            told.append("The device had been switched off.")
        return " ".join(told)

    def cause(self) -> str:
        """What explains that nothing, or nothing certain, came; or that the device is not worn."""
        if self.finding.kind not in (Kind.SILENT, Kind.CANNOT_VERIFY, Kind.NO_LOCATION, Kind.OFF_WRIST):
            return ""
        return {
            Cause.CHARGING: "The device was on its charger.",
            Cause.EQUIPMENT: self._of_equipment(),
            Cause.NETWORK: self._of_network(),
        }.get(self.finding.cause, "")

    def _of_equipment(self) -> str:
        flat_ms = self.number("flat_at_ms")
        if flat_ms is not None and flat_ms <= self.finding.at_ms:
            return f"At the rate at which its battery emptied, it was flat about {self.time(flat_ms)}."
        return "Its sensor contradicted itself." if self.numbers.get("contradicted") else "Its battery was low before."

    def _of_network(self) -> str:
        arrived = self.number("arrived_ms")
        if arrived is None:
            return "The device had said that it was offline."
        return f"The device went on recording without a network: what it kept arrived at {self.time(arrived)}."

    def forecast(self) -> str:
        """When the battery will be flat, where its own discharge tells."""
        flat_ms = self.number("flat_at_ms")
        if flat_ms is None or flat_ms < self.finding.at_ms:
            return ""
        return f" It will be flat about {self.time(flat_ms)} at this rate."
