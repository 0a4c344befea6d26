"""The design system's small parts as template tags: icons, marks, tags, times, the frame's links."""

from collections.abc import Iterator

from django import template
from django.conf import settings
from django.template.context import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from surety.server.accounts.permissions import may
from surety.server.alerts.models import Alert, Incident, Severity, Status
from surety.server.cases.models import Person
from surety.server.console import now as time
from surety.server.console.timeline import Band, Timeline
from surety.server.timekeeping import clock, now_ms

register = template.Library()

# Cause before blame: the words that stand beside the icons.
CAUSES = {
    "behaviour": "What the person did",
    "equipment": "Equipment",
    "charging": "Charging",
    "network": "Network",
    "unknown": "Cause unknown",
}
CERTAINTIES = {"possible": "Possible", "probable": "Probable", "established": "Established"}
STATUS_TAGS = {
    Status.OPEN: "tag",
    Status.ACKNOWLEDGED: "tag",
    Status.AWAITING_SECOND: "tag tag-wait",
    Status.RESOLVED: "tag",
}
_LINKS = (  # name of the address, words, icon, permission
    ("desk", "Desk", "log", "cases.view"),
    ("second-person", "Second person", "second", "alerts.confirm"),
    ("review-queue", "Check-ins", "second", "checkins.review"),
    ("people", "People", "person", "cases.view"),
    ("programme-zones", "Zones", "warning", "programmes.view"),
    ("protected-people", "Protected persons", "lock", "protected.view"),
    ("retention", "Keeping", "lock", "records.propose"),
    ("oversight", "Oversight", "log", "oversight.read"),
    ("audit", "Audit", "lock", "audit.read"),
    ("users", "Users", "person", "admin.users"),
    ("refused", "Refused devices", "device", "admin.users"),
)


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon of our sprite. It says nothing by itself: a word stands beside it."""
    address = f"{static('console/icons/sprite.svg')}#{name}"
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="{}"></use></svg>', extra, address)


@register.simple_tag
def mark(severity: int, certainty: str) -> SafeString:
    """The mark of an alert: its shape is the severity, its filling the certainty."""
    address = f"{static('console/icons/sprite.svg')}#mark-{severity}-{certainty}"
    words = f"{Severity(severity).label}, {CERTAINTIES.get(certainty, certainty).lower()}"
    return format_html(
        '<svg class="mark mark-{}" role="img" aria-label="{}"><use href="{}"></use></svg>', severity, words, address
    )


@register.simple_tag
def certainty(value: str) -> SafeString:
    """How sure, as a tag: outline, half or solid, and the word."""
    return format_html('<span class="tag tag-{}">{}</span>', value, CERTAINTIES.get(value, value))


@register.simple_tag
def cause(value: str) -> SafeString:
    """The cause as far as it is known, as a tag with its icon and word."""
    known = value if value in CAUSES else "unknown"
    kind = "tag tag-unknown" if known == "unknown" else "tag"
    return format_html('<span class="{}">{} {}</span>', kind, icon(known), CAUSES[known])


@register.simple_tag
def status(value: str) -> SafeString:
    """Where the handling stands, as a tag."""
    known = Status(value)
    return format_html('<span class="{}">{}</span>', STATUS_TAGS[known], known.label)


@register.simple_tag
def local_time(at_ms: int, zone: str) -> SafeString:
    """An instant on the clock of that zone, with its abbreviation."""
    iso = time.local(at_ms, zone).isoformat(timespec="seconds")
    return format_html('<time datetime="{}">{}</time>', iso, time.in_words(at_ms, zone, now_ms()))


@register.simple_tag
def ago(at_ms: int) -> SafeString:
    """How long ago, kept going in the browser."""
    return format_html('<span data-ago-ms="{}">{}</span>', at_ms, time.ago(at_ms, now_ms()))


@register.simple_tag
def when(at_ms: int, zone: str) -> SafeString:
    """ "21:04 BST, 6 min ago"."""
    return format_html("{}, {}", local_time(at_ms, zone), ago(at_ms))


@register.simple_tag
def due(at_ms: int) -> SafeString:
    """How much time is left, kept going in the browser; a word and a shape tell when it has run out."""
    left = at_ms - now_ms()
    words = f"{time.span(left)} left" if left >= 0 else f"{time.span(-left)} over"
    state = "over" if left < 0 else "soon" if left < 5 * time.MINUTE_MS else "ahead"
    return format_html('<span class="due due-{}" data-due-ms="{}">{}</span>', state, at_ms, words)


@register.simple_tag
def domain_now_ms() -> int:
    """The domain's present instant."""
    return now_ms()


@register.simple_tag
def clock_speed() -> float:
    """How many seconds of the domain pass in one of the wall's."""
    return clock().speed


@register.simple_tag
def agency_name() -> str:
    """Whose installation this is."""
    return str(settings.SURETY.agency_name)


@register.simple_tag(takes_context=True)
def page_links(context: Context) -> list[dict[str, object]]:
    """The pages at the top that this user's role opens."""
    request = context.get("request")
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    return list(_links(user, request.path if request else ""))


def _links(user: object, path: str) -> Iterator[dict[str, object]]:
    for name, words, sign, permission in _LINKS:
        if not may(user, permission):  # type: ignore[arg-type]  # any user object: AnonymousUser has no permission
            continue
        if address := address_of(name):
            current = path == address or (address != "/" and path.startswith(address))
            yield {"href": address, "words": words, "icon": sign, "current": current}


@register.simple_tag
def address_of(*names: str) -> str:
    """The first of these addresses that this installation has, or nothing."""
    for name in names:
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""


@register.simple_tag
def tag(words: str, kind: str = "", sign: str = "") -> SafeString:
    """A small word in a frame: "good", "wait", "bad", "unknown" or plain."""
    look = f"tag tag-{kind}" if kind else "tag"
    return format_html('<span class="{}">{}{}</span>', look, icon(sign) if sign else "", words)


@register.simple_tag
def sort_key(alert: Alert) -> str:
    """Where a row stands in the list, as text that sorts as the list does (alerts.queries.in_order)."""
    return f"{alert.severity}{alert.due_ms:015d}{alert.at_ms:015d}{alert.pk}"


@register.simple_tag
def incident_key(incident: Incident) -> str:
    """Where an incident's row stands: before the alerts of its severity, as it explains many; never before an SOS."""
    return f"{incident.severity}{0:015d}{incident.due_ms:015d}{incident.pk}"


@register.simple_tag
def person_link(person: Person) -> SafeString:
    """A person's short name and reference, with a link to their page when there is one."""
    words = format_html("<b>{}</b> {}", person.short_name, person.reference)
    try:
        return format_html('<a href="{}">{}</a>', reverse("person", args=[person.pk]), words)
    except NoReverseMatch:
        return words


@register.simple_tag
def alert_map_address(alert: Alert) -> str:
    """Where the small map of an alert asks for what to draw."""
    try:
        return reverse("alert-map", args=[alert.pk])
    except NoReverseMatch:
        return f"/alerts/{alert.pk}/map.json"


@register.simple_tag
def timeline_lane(timeline: Timeline, name: str) -> SafeString:
    """One lane of the six hours as SVG without text, which stretches to any width."""
    parts: list[SafeString] = []
    for one in getattr(timeline, name):
        if isinstance(one, Band):
            parts.append(
                format_html(
                    '<rect x="{}" y="{}" width="{}" height="{}" class="{}"><title>{}</title></rect>',
                    *(one.x, one.y, one.width, one.height, one.look, one.words),
                )
            )
        else:
            top = {"sure": 3, "vague": 9}.get(one.look, 4)
            shape = '<path d="M{} {}V17" class="tick {}"><title>{}</title></path>'
            parts.append(format_html(shape, one.x, top, one.look, one.words))
    lines = [(timeline.now_x, "now-line"), (timeline.at_x, "alert-line"), (timeline.cleared_x, "cleared-line")]
    marks = [format_html('<path d="M{} 0V20" class="{}"/>', x, look) for x, look in lines if x is not None]
    inside = format_html_join("", "{}", ((part,) for part in [*parts, *marks]))
    return format_html(
        '<svg class="lane-svg" viewBox="0 0 1000 20" preserveAspectRatio="none" aria-hidden="true">{}</svg>', inside
    )
