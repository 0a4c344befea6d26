"""What the live feed tells each listener: the rows that changed, as their own filter and permissions allow.

One poller a process asks the database for new events and serves every open desk from the answer. Row ids and HTML go
only to those who may see the alert: each listener's own query decides, anew each time, so that a permission that was
taken away takes effect with the next change.
"""

import asyncio
import dataclasses
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db import DatabaseError, connection
from django.template.loader import render_to_string
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from surety.server.accounts.models import User
from surety.server.accounts.permissions import may
from surety.server.alerts import queries
from surety.server.alerts.models import Alert, AlertEvent, Incident, Severity
from surety.server.console.desk_filter import Choice
from surety.server.console.templatetags.surety_ui import incident_key, sort_key
from surety.server.monitoring import queries as monitoring
from surety.server.timekeeping import clock, now_ms

POLL_S = 0.25
BEAT_S = 10.0  # a page calls itself stale after two and a half of these
CHECK_S = 15.0  # how soon a stream ends after a log-out or a deactivation
MOST_MISSED = 500  # events; a page that missed more draws its list anew
BEHIND_S = 60.0  # real seconds that the rules may lag before the desk says so
_QUEUE = 200  # messages that a slow reader may be behind
_log = logging.getLogger(__name__)


@dataclasses.dataclass(eq=False)
class Listener:
    """One open desk. `queue` holds what is to be sent; None ends the stream."""

    user_id: int
    session_key: str
    choice: Choice
    since: int
    queue: asyncio.Queue[bytes | None] = dataclasses.field(default_factory=lambda: asyncio.Queue(_QUEUE))
    counts: dict[Severity, int] | None = None
    judging: "Judging | None" = None


class Judging(msgspec.Struct, frozen=True):
    """Whether the rules keep up. `complete_to_ms`: up to when the desk is complete, where that is not now."""

    live: bool
    complete_to_ms: int | None = None


class RowChange(msgspec.Struct, frozen=True):
    """A row to put in or to replace. `say` is read out when it is not empty."""

    id: str
    key: str
    html: str
    say: str = ""


class Change(msgspec.Struct, frozen=True):
    """What one listener is told at once."""

    rows: tuple[RowChange, ...]
    gone: tuple[str, ...]
    touched: tuple[str, ...]
    now_ms: int


def message(event: str, body: object, event_id: int | None = None) -> bytes:
    """One server-sent event (WHATWG HTML, section 9.2). The body is one line of JSON."""
    position = b"id: %d\n" % event_id if event_id is not None else b""
    return position + b"event: %s\ndata: %s\n\n" % (event.encode(), msgspec.json.encode(body))


def beat() -> bytes:
    """A sign of life, with the domain's time."""
    return message("beat", {"now_ms": now_ms()})


class Feed:
    """Reads new events and says who is told what. All of it synchronous: the poller's own thread runs it."""

    def __init__(self, position: int | None = None) -> None:
        self.position = queries.last_event_id() if position is None else position

    def poll(self, listeners: Sequence[Listener]) -> list[tuple[Listener, bytes]]:
        """Everything new since the last time, for each listener."""
        opened, changed, last = _events(self.position, MOST_MISSED)
        if not changed:
            return []
        self.position = last
        rows = _Rows(opened)
        groups: dict[tuple[int, Choice], list[Listener]] = defaultdict(list)
        for listener in listeners:
            groups[listener.user_id, listener.choice].append(listener)
        users = User.objects.in_bulk({user_id for user_id, _ in groups})
        told = []
        for (user_id, choice), members in groups.items():
            change = _change_for(users.get(user_id), choice, changed, rows)
            if change is not None:
                told += [(member, message("rows", change, last)) for member in members]
        return told

    def catch_up(self, listener: Listener) -> bytes | None:
        """What a listener missed before it joined; "reset" when that is too much to tell."""
        if AlertEvent.objects.filter(pk__gt=listener.since)[: MOST_MISSED + 1].count() > MOST_MISSED:
            return message("reset", {"now_ms": now_ms()}, self.position)
        opened, changed, last = _events(listener.since, MOST_MISSED)
        user = User.objects.filter(pk=listener.user_id).first() if changed else None
        change = _change_for(user, listener.choice, changed, _Rows(opened))
        return message("rows", change, last) if change else None

    def tallies(self, listeners: Iterable[Listener]) -> list[tuple[Listener, bytes]]:
        """The numbers of open alerts, for those listeners to whom they have changed."""
        by_user: dict[int, list[Listener]] = defaultdict(list)
        for listener in listeners:
            by_user[listener.user_id].append(listener)
        told = []
        for user in User.objects.filter(pk__in=by_user):
            counts = queries.counts(user)
            body = message("counts", {str(severity.value): count for severity, count in counts.items()})
            for listener in by_user[user.pk]:
                if listener.counts != counts:
                    listener.counts = counts
                    told.append((listener, body))
        return told

    def judgings(self, listeners: Iterable[Listener]) -> list[tuple[Listener, bytes]]:
        """Whether the rules keep up, for those listeners who have not been told: a quiet desk must not look well."""
        state = judging()
        told = [listener for listener in listeners if listener.judging != state]
        for listener in told:
            listener.judging = state
        return [(listener, message("judging", state)) for listener in told]


def judging() -> Judging:
    """Whether the workers live and keep up. Times are rounded to the minute, so that waiting is no news."""
    health = monitoring.health(clock())
    late = now_ms() - health.shown_ms > BEHIND_S * 1000 * clock().speed
    if health.live and not late:
        return Judging(live=True)
    return Judging(live=health.live, complete_to_ms=health.shown_ms // 60_000 * 60_000 or None)


def _events(after: int, most: int) -> tuple[set[str], list[str], int]:
    """Alerts and incidents opened, those changed in order, and the last event's id."""
    found = AlertEvent.objects.filter(pk__gt=after).order_by("pk")
    rows = list(found.values_list("pk", "alert_id", "incident_id", "action")[:most])
    opened = {alert or incident for _, alert, incident, action in rows if action in {"opened", "reopened"}}
    changed = dict.fromkeys(alert or incident for _, alert, incident, _ in rows)
    return opened, list(changed), rows[-1][0] if rows else after


class _Rows:
    """Rows are drawn once, however many desks show them."""

    def __init__(self, opened: set[str]) -> None:
        self._opened, self._drawn = opened, dict[str, RowChange]()

    def of(self, alert: Alert) -> RowChange:
        if alert.pk not in self._drawn:
            html = render_to_string(
                "console/row.html", {"alert": alert}
            ).strip()  # plain text: JSON takes no SafeString
            urgent = alert.pk in self._opened and alert.severity == Severity.CRITICAL
            who = f"{alert.person.short_name}, {alert.person.reference}"
            say = f"New critical alert: {who}. {alert.sentence}" if urgent else ""
            self._drawn[alert.pk] = RowChange(alert.pk, sort_key(alert), html, say)
        return self._drawn[alert.pk]

    def of_incident(self, incident: Incident) -> RowChange:
        """An incident's row: not kept, as the people whom it touches are counted for each reader."""
        return _incident_row(incident, self._opened)


def _incident_row(incident: Incident, opened: set[str]) -> RowChange:
    html = render_to_string("console/incident_row.html", {"incident": incident}).strip()
    say = f"New incident: {incident.sentence}" if incident.pk in opened else ""
    return RowChange(incident.pk, incident_key(incident), html, say)


def _change_for(user: User | None, choice: Choice, changed: Sequence[str], rows: _Rows) -> Change | None:
    if user is None or not user.is_active or not may(user, "cases.view"):
        return None
    seen = set(queries.visible(user).filter(pk__in=changed).values_list("pk", flat=True))
    seen |= set(queries.visible_incidents(user).filter(pk__in=changed).values_list("pk", flat=True))
    if not seen:
        return None
    shown = queries.opened(queries.desk(user, choice.filter).filter(pk__in=seen))
    common = [one for one in queries.incidents(user, choice.filter) if one.pk in seen]
    gone = seen - {one.pk for one in (*shown, *common)}
    drawn = (*(rows.of_incident(one) for one in common), *(rows.of(alert) for alert in shown))
    return Change(drawn, tuple(sorted(gone)), tuple(sorted(seen)), now_ms())


def ended(listeners: Iterable[Listener]) -> list[Listener]:
    """The listeners who have logged out, were deactivated, or changed their password elsewhere."""
    return [listener for listener in listeners if not _is_logged_in(listener)]


def _is_logged_in(listener: Listener) -> bool:
    store: type[SessionBase] = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    session = store(listener.session_key)
    user = User.objects.filter(pk=listener.user_id, is_active=True).first()
    if user is None or session.get(SESSION_KEY) != str(user.pk):
        return False
    return constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())


def give_up_connection(error: DatabaseError) -> None:
    """After a failed query the thread's connection may be dead: the next poll opens another."""
    _log.warning("The live feed could not read the database: %s", error)
    connection.close()
