"""The retention schedule as data: whose each store's rows are, what kind of data they are, and how long a kind is kept.

Every table and every other store has exactly one line in `STORES`; checking.py stops the start of every process where
one is missing. A new table: add its line here. Nothing of a person is kept longer than `CEILING_DAYS` after the end
that its rule counts from; a deployment may change a rule's days within that (periods.py). docs/retention.md is written
from this file. A day is 24 hours: an instant and a period give an instant, whatever the local clocks do.
"""

import enum
from typing import NamedTuple

CEILING_DAYS = 2_191  # six years, the shortest that there are (with one leap day)


class Start(enum.StrEnum):
    """What a rule's days are counted from. dues.py says exactly which instant that is."""

    CASE_END = "the end of the case (of the last order; without any order: the registration)"
    ORDER_END = "the end of the last order"
    DECIDED = "the decision"
    CLOSED = "the last moment at which the check-in could be answered"
    TAKEN = "the moment it is of"
    WRITTEN = "the moment it was written"
    LINKS_END = "the end of the last link, or the withdrawal of consent"


class Rule(NamedTuple):
    """How long one kind of data is kept."""

    name: str
    words: str  # in plain words, as the person's own page shows it
    start: Start
    days: int
    basis: str  # where the figure comes from


RULES: tuple[Rule, ...] = (
    Rule(
        "case",
        "Name, contact, orders, conditions, findings, alerts, decisions, documents and the rest of the case",
        Start.CASE_END,
        CEILING_DAYS,
        "limitation of claims; six years at the most",
    ),
    Rule("photo_matched", "Photographs that matched", Start.DECIDED, 28, "they have served"),
    Rule(
        "photo_not_matched",
        "Photographs that the machine did not match and people did not find to be somebody else's",
        Start.DECIDED,
        28,
        "time to contest the decision",
    ),
    Rule(
        "photo_not_person",
        "Photographs that two people found to show somebody else",
        Start.CASE_END,
        CEILING_DAYS,
        "evidence of a decision against the person; kept with the case",
    ),
    Rule(
        "photo_waiting",
        "Photographs on which people have not decided",
        Start.ORDER_END,
        28,
        "without an order nobody decides on them any more",
    ),
    Rule(
        "photo_without_decision",
        "Photographs of a check-in that lapsed or was taken back",
        Start.CLOSED,
        28,
        "as those that were not matched",
    ),
    Rule("enrolled_image", "Images that check-ins are compared with", Start.ORDER_END, 28, "until the order ends"),
    Rule("trail", "Positions and reports of devices, where a trail is ordered", Start.TAKEN, 365, "12 months"),
    Rule(
        "positions_verdict_only",
        "Positions where no trail is ordered",
        Start.TAKEN,
        3,
        "72 hours, as long as a finding needs them",
    ),
    Rule("protected_person", "Name and contact of a protected person", Start.LINKS_END, 28, "the link has ended"),
    Rule("protected_positions", "Positions of a protected person", Start.TAKEN, 3, "72 hours, or the withdrawal"),
    Rule("message_log", "Devices' messages on their way to the rules", Start.TAKEN, 3, "72 hours, for a replay"),
    Rule("erasure", "That something was erased, and when: ids and figures", Start.WRITTEN, CEILING_DAYS, "oversight"),
    Rule("log_in", "Failed log-ins and sessions of those who work here", Start.WRITTEN, 365, "to find attacks"),
)


class Whose(enum.StrEnum):
    """About whom the rows of a store are."""

    PERSON = "person"
    PROTECTED = "protected person"
    STAFF = "somebody who works here"
    NOBODY = "nobody"
    MARK = "what stays: ids alone"  # tells that something happened, after everything that tells of whom is gone


class Store(NamedTuple):
    """One table ("app.Model") or another store ("folder:...", "log:..."): whose its rows are, and their kind."""

    name: str
    whose: Whose
    kind: str = ""  # a rule's name; empty: of nobody
    path: str = ""  # from a row to the id of the person, in Django's notation
    note: str = ""


def _of_person(name: str, path: str, kind: str = "case", note: str = "") -> Store:
    return Store(name, Whose.PERSON, kind, path, note)


def _nobody(note: str, *names: str) -> tuple[Store, ...]:
    return tuple(Store(name, Whose.NOBODY, note=note) for name in names)


STORES: tuple[Store, ...] = (
    # --- accounts, and what the libraries bring
    *_nobody("what may be done; holds no data of anybody", "auth.Permission", "auth.Group", "auth.Group_permissions"),
    *_nobody("names of tables", "contenttypes.ContentType"),
    *(
        Store(name, Whose.STAFF, note="never deleted, only deactivated: the audit log names them")
        for name in (
            "accounts.User",
            "accounts.User_groups",
            "accounts.User_user_permissions",
            "account.EmailAddress",
            "account.EmailConfirmation",
            "mfa.Authenticator",
        )
    ),
    Store("sessions.Session", Whose.STAFF, "log_in", note="deleted when it has run out, at the latest a day later"),
    *(
        Store(name, Whose.STAFF, "log_in")
        for name in ("axes.AccessFailureLog", "axes.AccessAttempt", "axes.AccessAttemptExpiration", "axes.AccessLog")
    ),
    # --- audit
    *(
        Store(name, Whose.MARK, note="append-only; it outlives what it names and holds ids")
        for name in ("audit.Entry", "audit.Head")
    ),
    # --- cases
    _of_person("cases.Person", "pk"),
    _of_person("cases.Caseload", "person_id"),
    _of_person("cases.Order", "person_id"),
    _of_person("cases.OrderVersion", "order__person_id"),
    _of_person("cases.Condition", "order__person_id"),
    _of_person("cases.ConditionVersion", "condition__order__person_id"),
    _of_person("cases.DeviceAssignment", "person_id"),
    _of_person("cases.ProtectedLink", "order__person_id"),
    _of_person("cases.EverydayPlace", "person_id"),
    _of_person("cases.ProgrammeTold", "person_id"),
    _of_person("cases.DoorGrant", "person_id", note="gone with the order already; derived"),
    _of_person("cases.ChangeNotice", "person_id"),
    *_nobody("equipment; who had it stands in its assignments", "cases.Device"),
    *_nobody("of a device; deleted with the case of whoever had the device last", "cases.WatchKey"),
    *_nobody("a counter", "cases.DoorRevision"),
    *_nobody("holds for a programme, not for a person", "cases.ProgrammeZone", "cases.ProgrammeZoneVersion"),
    Store("cases.ProtectedPerson", Whose.PROTECTED, "protected_person", "pk"),
    Store("cases.ProtectedAssignment", Whose.PROTECTED, "protected_person", "protected_id"),
    # --- monitoring: what the kinds trail, positions_verdict_only and protected_positions thin out before the case ends
    _of_person("monitoring.StoredFact", "person_id", note="positions in it go earlier: trail, positions_verdict_only"),
    _of_person("monitoring.PersonState", "person_id"),
    _of_person("monitoring.Snapshot", "person_id", note="goes with the positions that it was made from"),
    _of_person("monitoring.Finding", "person_id"),
    _of_person("monitoring.FormerFinding", "person_id"),
    _of_person("monitoring.SetAside", "person_id"),
    *_nobody("how the workers stand", "monitoring.RulesInForce", "monitoring.ReadPosition", "monitoring.WorkerHealth"),
    # --- alerts
    _of_person("alerts.AlertEvent", "alert__person_id", note="those of an incident name nobody"),
    _of_person("alerts.Part", "alert__person_id"),
    _of_person("alerts.Alert", "person_id"),
    _of_person("alerts.IncidentPerson", "person_id"),
    *_nobody("a fault of many devices; whom it touched stands in its people", "alerts.Incident"),
    # --- check-ins
    _of_person("checkins.CheckIn", "person_id"),
    _of_person("checkins.Prompt", "check_in__person_id"),
    _of_person("checkins.Sheet", "person_id"),
    _of_person("checkins.Submission", "check_in__person_id", note="its photographs go earlier, by their outcome"),
    _of_person("checkins.Comparison", "submission__check_in__person_id"),
    _of_person("checkins.Review", "submission__check_in__person_id", note="those of control pairs are of nobody"),
    _of_person("checkins.Answer", "review__submission__check_in__person_id", note="as reviews"),
    _of_person("checkins.OutFact", "person_id", "message_log"),
    _of_person("checkins.EnrolledImage", "person_id", "enrolled_image"),
    _of_person("checkins.Template", "image__person_id", "enrolled_image"),
    *_nobody("about nobody under supervision", "checkins.ControlPair", "checkins.ControlPicture"),
    *_nobody("signs of life of processes", "checkins.CompareHealth", "checkins.Beat"),
    # --- notices
    _of_person("notices.Notice", "person_id"),
    # --- portal
    _of_person("portal.LogInCode", "person_id", note="deleted a day after it ran out"),
    _of_person("portal.WatchLink", "person_id", note="deleted a day after it ran out"),
    *_nobody("keyed hashes, counted against guessing; deleted after a day", "portal.Attempt"),
    # --- records
    _of_person("records.Document", "person_id"),
    Store("records.PersonKey", Whose.MARK, note="stays without its private half, as the mark that erasure happened"),
    _of_person("records.LegalHold", "person_id"),
    Store("records.Erasure", Whose.MARK, "erasure", note="ids and figures alone"),
    Store("records.Erased", Whose.MARK, "erasure", note="ids and figures alone"),
    *_nobody("how far today's erasure has come", "records.Sweep"),
    # --- what is no table of Django's
    _of_person("folder:photographs", "", "case", "by outcome: the kinds that begin with photo_, and enrolled_image"),
    _of_person("folder:documents", "", "case", "with their rows"),
    _of_person("log:stream_record", "", "message_log"),
    _of_person("log:door_mark", "", "message_log", "until the server has taken it"),
    *_nobody("of a device: its chain's place, and counts; no person stands in it", "log:watch_chain", "log:door_note"),
    Store("folder:erased", Whose.MARK, note="an empty name of who was erased, so that no backup brings them back"),
    *_nobody("devices that nobody knows, the latest few", "log:door_refusal"),
    *_nobody("a row to try whether the log can be written", "log:door_probe"),
)

BY_KIND = {rule.name: rule for rule in RULES}
BY_STORE = {store.name: store for store in STORES}
