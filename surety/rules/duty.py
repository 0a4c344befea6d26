"""Decides whether a duty with a place and a time is kept, broken, or cannot be verified; curfews and zones alike.

A window opens and closes by the timetable. Within it the evidence of the duty's places is read: certain and recent
enough evidence says KEPT or BROKEN, everything else is UNSURE, which changes nothing but, after the condition's own
`unknown_after_s` without an informative fix in the window, is a finding of its own. What the timetable or the order
ends is ended by DUTY_ENDED, which blames nobody.
"""

from typing import NamedTuple

import msgspec

from surety.rules import grounds, machines, restriction
from surety.rules.facts import Millis
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.rules.grounds import Numbers, Subject
from surety.rules.machines import SIGHT, DutyEvent, DutyState, Machine, SightEvent, SightState
from surety.rules.ordered import Duty
from surety.rules.presence import Presence, Reading
from surety.rules.scene import Scene
from surety.rules.schedule import END, Window
from surety.rules.state import BROKEN, KEPT, UNSURE, Episode, Watch


class Terms(NamedTuple):
    """What keeps a duty, and what the ways of breaking and mending it are called."""

    keeps: Presence
    broken_at_start: Kind
    broken: Kind
    mended: Kind
    throughout: Kind | None = None

    @property
    def moves(self) -> Machine[DutyState, DutyEvent]:
        """The table by which it is decided what is found."""
        return machines.duty(self.broken_at_start, self.broken, self.mended, self.throughout)


Ruling = tuple[Watch, list[Finding]]
NEAR_LEAVE_MS = 7_200_000  # an absence that ended or begins within two hours is told: a missed bus, an early start


def open_window(duty: Duty, window: Window, scene: Scene, before: Watch, after_leave: str = "") -> Watch:
    """The watch at the start of a window, with nothing known in it but what goes on from `before` (see end_window)."""
    opened = Watch(
        duty.condition_id,
        duty.version,
        window.end_ms,
        scene.now_ms,
        window.places,
        duty.rows(window.places),
        unseen=before.unseen,
        after_leave=after_leave,
        before_leave=duty.left_at(window.end_ms),
    )
    if before.breach is None:
        return opened
    going_on = {"since_ms": before.since_ms, "met": before.met, "gap": before.gap, "breach": before.breach}
    return msgspec.structs.replace(opened, **going_on)


def end_window(watch: Watch, duty: Duty, following: Window | None, terms: Terms, scene: Scene) -> Ruling:
    """A window ends now: what remains of its watch, and what ends with it.

    Where another one of the same duty begins at once (`following`), at other places, an absence from the first places
    that is certainly one from the next places too goes on, and so does that nobody can tell; all else ends.
    """
    remains = Watch(watch.condition_id, watch.version, watch.until_ms)
    if following is not None and watch.until_ms == scene.now_ms:
        remains = msgspec.structs.replace(remains, unseen=watch.unseen)
        presence, _ = _combined(msgspec.structs.replace(watch, rows=duty.rows(following.places)), duty, scene)
        if watch.breach is not None and presence is not Presence.UNKNOWN:
            remains = watch
    gone = msgspec.structs.replace(
        watch,
        breach=None if remains.breach is not None else watch.breach,
        unseen=None if remains.unseen is not None else watch.unseen,
    )
    return remains, close_window(gone, terms, scene, ended_by=duty.left_at(scene.now_ms) or "window")


def judge(watch: Watch, duty: Duty, terms: Terms, scene: Scene) -> Ruling:
    """Look at the evidence now: what it ends, what it begins."""
    presence, reading = _combined(watch, duty, scene)
    if presence is Presence.UNKNOWN:
        return _unsure(watch), []
    kept, broken_ms = presence is terms.keeps, scene.now_ms
    if not kept and watch.breach is None and duty.max_stay_ms is not None:
        limit_ms = restriction.limit_ms(watch, duty, reading)
        kept, broken_ms = scene.now_ms < limit_ms, limit_ms
        if not kept and not restriction.is_there(reading, limit_ms):
            return _unsure(watch), []
    doubted = grounds.limit_of(scene.device, scene.now_ms) is Certainty.POSSIBLE
    if doubted and kept:  # a place that was leapt to mends nothing and verifies nothing
        return _unsure(watch), []
    found = [] if doubted else _seen_again(watch, reading, scene)
    event, breach = _event(watch, terms, reading, scene, kept=kept), watch.breach
    kind = terms.moves.after(standing(watch), event).finding
    if kind is not None and breach is None:
        found.append(_breach(watch, duty, terms, reading, (kind, broken_ms), scene))
        breach = grounds.episode_of(found[-1])
    elif kind is not None and breach is not None and event is DutyEvent.SURER:
        found.append(_surer(watch, breach, terms, reading, scene))
        breach = msgspec.structs.replace(breach, certainty=found[-1].certainty)
    elif kind is not None and breach is not None:
        found.append(_mended(watch, breach, terms, kind, reading, scene))
        breach = None
    changed = {
        "status": KEPT if kept else BROKEN,
        "met": watch.met or kept,
        "breach": breach,
        "unseen": watch.unseen if doubted else None,
    }
    return msgspec.structs.replace(watch, **changed), found


def standing(watch: Watch) -> DutyState:
    """Where a duty stands in its ordered time."""
    if watch.since_ms is None:
        return DutyState.BETWEEN
    if watch.breach is None:
        return DutyState.KEPT if watch.met else DutyState.NOT_KNOWN
    return DutyState.BROKEN if watch.met else DutyState.MISSING


def _event(watch: Watch, terms: Terms, reading: Reading, scene: Scene, *, kept: bool) -> DutyEvent:
    """What the evidence, which is certain, says now."""
    if kept:
        return DutyEvent.CERTAINLY_KEPT
    if watch.breach is None:
        return DutyEvent.NOT_AT_START if scene.now_ms == watch.since_ms else DutyEvent.CERTAINLY_NOT
    surer = watch.breach.certainty is Certainty.POSSIBLE and _sureness(terms, reading, scene) is not Certainty.POSSIBLE
    return DutyEvent.SURER if surer else DutyEvent.CERTAINLY_NOT


def _sureness(terms: Terms, reading: Reading, scene: Scene) -> Certainty:
    """How sure it is that the duty is broken."""
    return _certainty(1 - _p_kept(terms, reading), reading, scene)


def _seen_again(watch: Watch, reading: Reading, scene: Scene) -> list[Finding]:
    kind = SIGHT.after(_sight(watch), SightEvent.CERTAIN).finding
    if kind is None or watch.unseen is None:
        return []
    evidence = _since(watch.unseen, _evidence(reading, scene))
    subject = scene.about(watch.condition_id, watch.version)
    return [subject.end(kind, watch.unseen, scene.now_ms, Cause.UNKNOWN, evidence)]


def _sight(watch: Watch) -> SightState:
    return SightState.SEEN if watch.unseen is None else SightState.UNSEEN


def _unsure(watch: Watch) -> Watch:
    return watch if watch.status == UNSURE else msgspec.structs.replace(watch, status=UNSURE)


def _breach(
    watch: Watch, duty: Duty, terms: Terms, reading: Reading, what: tuple[Kind, Millis], scene: Scene
) -> Finding:
    kind, at_ms = what
    subject = scene.about(watch.condition_id, watch.version)
    fixes = grounds.used(scene.recent)
    certainty = _sureness(terms, reading, scene)
    if not watch.met and scene.now_ms != watch.since_ms:  # nobody knows how it was at the start of the window
        certainty = grounds.at_most(certainty, Certainty.PROBABLE)
    evidence = _window(_evidence(reading, scene), watch, scene.now_ms)
    if duty.max_stay_ms is not None:
        allowed: Numbers = {"stayed_since_ms": at_ms - duty.max_stay_ms, "allowed_s": duty.max_stay_ms / 1000}
        evidence = Evidence(evidence.fact_ids, {**evidence.numbers, **allowed})
    return subject.begin(kind, at_ms, scene.now_ms, certainty, grounds.cause_of_breach(fixes, reading), evidence)


def _surer(watch: Watch, breach: Episode, terms: Terms, reading: Reading, scene: Scene) -> Finding:
    """What was merely possible, and so no reason to act, is told again in its episode once it is more than that."""
    stated = msgspec.structs.replace(breach, certainty=_sureness(terms, reading, scene))
    evidence = _since(breach, _window(_evidence(reading, scene), watch, scene.now_ms))
    cause = grounds.cause_of_breach(grounds.used(scene.recent), reading)
    return scene.about(watch.condition_id, watch.version).again(stated, scene.now_ms, cause, evidence)


def _mended(watch: Watch, breach: Episode, terms: Terms, kind: Kind, reading: Reading, scene: Scene) -> Finding:
    subject = scene.about(watch.condition_id, watch.version)
    fixes = grounds.used(scene.recent)
    certainty = _certainty(_p_kept(terms, reading), reading, scene)
    evidence = _since(breach, _window(_evidence(reading, scene), watch, scene.now_ms))
    if breach.kind is not terms.broken and watch.since_ms is not None:  # not there at the start: now they are, late
        evidence = Evidence(evidence.fact_ids, {**evidence.numbers, "late_s": (scene.now_ms - watch.since_ms) / 1000})
    stated = msgspec.structs.replace(breach, certainty=certainty)
    return subject.end(kind, stated, scene.now_ms, grounds.cause_of_breach(fixes, reading), evidence)


def _certainty(p: float, reading: Reading, scene: Scene) -> Certainty:
    certainty = grounds.certainty_of(p, reading, grounds.used(scene.recent))
    return grounds.at_most(certainty, grounds.limit_of(scene.device, scene.now_ms))


def _p_kept(terms: Terms, reading: Reading) -> float:
    return reading.p_inside if terms.keeps is Presence.INSIDE else 1 - reading.p_inside


def stay_due(watch: Watch, duty: Duty, terms: Terms, scene: Scene) -> Millis:
    """When a stay where one should not be will have lasted for as long as is allowed; END when none is going on."""
    if duty.max_stay_ms is None or watch.since_ms is None or watch.status != KEPT:
        return END
    presence, reading = _combined(watch, duty, scene)
    return restriction.limit_ms(watch, duty, reading) if presence not in (terms.keeps, Presence.UNKNOWN) else END


def unseen_due(watch: Watch, duty: Duty, scene: Scene) -> Millis:
    """When the duty can no longer be verified if nothing comes; END when that does not arise."""
    if watch.since_ms is None or watch.unseen is not None:
        return END
    last_ms = max(watch.since_ms, watch.asked_ms)
    for row in watch.rows:
        seen_ms = scene.informed_ms(row)
        if seen_ms is not None and seen_ms > last_ms:
            last_ms = seen_ms
    return last_ms + duty.unknown_after_ms


def put_off_by_fixes(watch: Watch, scene: Scene) -> bool:
    """Whether each informative fix of its one row puts `unseen_due` off, to as long after that fix."""
    if watch.since_ms is None or watch.unseen is not None or len(watch.rows) != 1:
        return False
    last_ms = scene.informed_ms(watch.rows[0])
    return last_ms is not None and last_ms >= max(watch.since_ms, watch.asked_ms)


def unseen(watch: Watch, duty: Duty, scene: Scene) -> Ruling:
    """The time has come at which nobody can say whether the duty is kept."""
    readings = [scene.read(row) for row in watch.rows]
    evidence = _evidence(max(readings, key=_recency, default=NOTHING), scene)
    numbers = {**evidence.numbers, "unknown_after_s": duty.unknown_after_ms / 1000}
    subject = Subject(scene.person_id, watch.condition_id, watch.version)
    finding = subject.begin(
        SIGHT.found(_sight(watch), SightEvent.TOO_LONG),
        scene.now_ms,
        scene.now_ms,
        Certainty.ESTABLISHED,
        grounds.cause_of_quiet(scene.device, scene.now_ms),
        _window(Evidence(evidence.fact_ids[-1:], numbers), watch, scene.now_ms),
    )
    episode = grounds.episode_of(finding)
    return msgspec.structs.replace(watch, status=UNSURE, gap=True, unseen=episode), [finding]


def close_window(watch: Watch, terms: Terms | None, scene: Scene, *, ended_by: str) -> list[Finding]:
    """End what is still going on, because the window or the condition ends now (`ended_by`)."""
    subject = Subject(scene.person_id, watch.condition_id, watch.version)
    found = []
    if watch.breach is not None:
        event = DutyEvent.ENDS if ended_by == "window" else DutyEvent.CUT_SHORT
        kind = terms.moves.after(standing(watch), event).finding if terms is not None else None
        ending = ended(watch.breach, subject, scene.now_ms, ended_by, watch)
        if kind is not None and kind is not ending.kind:
            ending = _throughout(kind, ending, watch, watch.breach, subject)
        found.append(ending)
    if watch.unseen is not None and SIGHT.after(_sight(watch), SightEvent.ENDS).finding is not None:
        found.append(ended(watch.unseen, subject, scene.now_ms, ended_by, watch))
    return found


def _throughout(kind: Kind, ending: Finding, watch: Watch, breach: Episode, subject: Subject) -> Finding:
    """The window is over, and at no time in it was the duty certainly kept."""
    stated = msgspec.structs.replace(breach, certainty=Certainty.POSSIBLE) if watch.gap else breach
    return subject.end(kind, stated, ending.at_ms, Cause.BEHAVIOUR, ending.evidence)


def ended(episode: Episode, subject: Subject, now_ms: Millis, ended_by: str, watch: Watch | None = None) -> Finding:
    """The finding that an episode is over because what it stood under is (`ended_by`: window, condition or leave)."""
    evidence = _since(episode, Evidence((), {"ended_by": ended_by}))
    if watch is not None:
        evidence = _window(evidence, watch, now_ms)
    return subject.end(Kind.DUTY_ENDED, episode, now_ms, Cause.UNKNOWN, evidence)


def _combined(watch: Watch, duty: Duty, scene: Scene) -> tuple[Presence, Reading]:
    """The presence over all places that count now, and the reading that speaks for it.

    At one place is enough to be INSIDE; OUTSIDE takes certainty about each.
    """
    best = (Presence.UNKNOWN, NOTHING)
    certain = bool(watch.rows)
    for reading in map(scene.read, watch.rows):
        last = reading.last_informative_ms
        presence = reading.presence
        if last is None or scene.now_ms - last > duty.unknown_after_ms:
            presence = Presence.UNKNOWN
        if presence is Presence.INSIDE:
            return presence, reading
        certain = certain and presence is Presence.OUTSIDE
        if best[1] is NOTHING or reading.clearance_m > best[1].clearance_m:
            best = (presence, reading)
    return (Presence.OUTSIDE if certain else Presence.UNKNOWN), best[1]


NOTHING = Reading(Presence.UNKNOWN, 0.5, None, float("nan"), float("nan"))


def _recency(reading: Reading) -> Millis:
    return -1 if reading.last_informative_ms is None else reading.last_informative_ms


def _evidence(reading: Reading, scene: Scene) -> Evidence:
    ids = tuple(seen.fact_id for seen in grounds.used(scene.recent))
    return Evidence(ids, {**grounds.place_numbers(reading), **grounds.device_numbers(scene.device, scene.now_ms)})


def _since(episode: Episode, evidence: Evidence) -> Evidence:
    """With what the finding ends, and since when that went on."""
    began: Numbers = {"began": episode.kind.value, "began_ms": episode.at_ms}
    return Evidence(evidence.fact_ids, {**evidence.numbers, **began})


def _window(evidence: Evidence, watch: Watch, now_ms: Millis) -> Evidence:
    numbers: Numbers = {**evidence.numbers, "window_start_ms": watch.since_ms}
    if watch.until_ms != END:
        numbers["window_end_ms"] = watch.until_ms
    if watch.after_leave and watch.since_ms is not None and now_ms - watch.since_ms <= NEAR_LEAVE_MS:
        numbers["leave"], numbers["leave_ended_ms"] = watch.after_leave, watch.since_ms
    if watch.before_leave and watch.until_ms - now_ms <= NEAR_LEAVE_MS:
        numbers["leave"], numbers["leave_begins_ms"] = watch.before_leave, watch.until_ms
    if watch.places != ("",):
        numbers["place"] = ", ".join(watch.places)
    return Evidence(evidence.fact_ids, numbers)
