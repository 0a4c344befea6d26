"""An order whose review does not come, at the door: each kind of data to its last millisecond, late facts too."""

import pytest

from surety.gateway.answers import NO_ORDER, NOT_COVERED, RefusedError
from surety.gateway.authority import DeviceFact, authorise
from surety.gateway.limits import Limits
from surety.gateway.register import Grant
from surety.gateway.watch_photos import WatchPhotos
from surety.rules.facts import CheckInSubmitted, DeviceReport, Fix, Source
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import DAY_MS, NOW_MS
from surety.server.cases import actions
from surety.server.cases.checks import DeviceDetails
from surety.server.cases.models import DoorGrant

pytestmark = pytest.mark.django_db
DUE_MS = NOW_MS + 60 * DAY_MS
FULL_MS = DUE_MS + 7 * DAY_MS
GONE_MS = FULL_MS + 14 * DAY_MS
LATE_MS = GONE_MS + 3 * DAY_MS  # when the review comes after all
AGAIN = {"acting_user": None, "now_ms": NOW_MS}


def _grants(*, reviewed: bool) -> tuple[Grant, ...]:
    """What the door reads of one order with all kinds of data."""
    ana = cast.person()
    device, _ = actions.register_device(DeviceDetails(protocol="native"), **AGAIN)
    actions.assign_device(device.pk, ana.pk, from_ms=NOW_MS, **AGAIN)
    order = cast.order(
        ana, data_kinds=("position", "device", "photo"), ends_ms=NOW_MS + 200 * DAY_MS, review_due_ms=DUE_MS
    )
    if reviewed:
        words = "It stands as before, and nothing less would do."
        actions.record_review(order.pk, "continues", words, LATE_MS + DAY_MS, acting_user=None, now_ms=LATE_MS)
    return tuple(
        Grant(
            *(row.identifier, row.device_id, row.person_id, row.secret_sha256, row.payload_key, row.link_id),
            *(frozenset(row.data_kinds), row.from_ms, row.to_ms, row.protocol, row.photo_key),
        )
        for row in DoorGrant.objects.all()
    )


def _fact(kind: str, at_ms: int, received_ms: int) -> DeviceFact:
    if kind == "position":
        return Fix("f" * 32, "tag", at_ms, received_ms, 55.1, -2.6, 5.0, source=Source.GNSS)
    if kind == "device":
        return DeviceReport("f" * 32, "tag", at_ms, received_ms, battery_pct=50.0)
    return CheckInSubmitted("f" * 32, "c" * 32, "tag", at_ms, received_ms, photos=("a" * 64,))


def _taken(grants: tuple[Grant, ...], kind: str, at_ms: int, received_ms: int) -> bool:
    try:
        entries, refused = authorise("native", [_fact(kind, at_ms, received_ms)], grants, received_ms)
    except RefusedError as error:
        assert error.why is NO_ORDER  # noqa: PT017 - the other outcome is a value
        return False
    assert not entries or not refused
    assert all(one is NOT_COVERED for one in refused)
    return bool(entries)


@pytest.mark.parametrize(("kind", "last_ms"), [("position", GONE_MS), ("device", GONE_MS), ("photo", FULL_MS)])
def test_each_kind_is_taken_to_its_last_millisecond(kind, last_ms):
    grants = _grants(reviewed=False)
    assert _taken(grants, kind, last_ms - 1, last_ms - 1)
    assert not _taken(grants, kind, last_ms, last_ms)


@pytest.mark.parametrize("kind", ["position", "device", "photo"])
def test_what_comes_late_from_before_the_lapse_is_not_taken_after_it(kind):
    assert not _taken(_grants(reviewed=False), kind, DUE_MS, GONE_MS)


@pytest.mark.parametrize("kind", ["position", "device", "photo"])
def test_what_comes_late_from_the_gap_is_not_taken_after_the_review_either(kind):
    grants = _grants(reviewed=True)
    assert not _taken(grants, kind, LATE_MS - 1, LATE_MS)
    assert not _taken(grants, kind, GONE_MS, LATE_MS + DAY_MS)
    assert _taken(grants, kind, LATE_MS, LATE_MS)
    assert _taken(grants, kind, LATE_MS, LATE_MS + DAY_MS)


def test_a_photographs_bytes_are_not_read_from_the_end_of_grace_on():
    grants = _grants(reviewed=False)
    photos = WatchPhotos(None, Limits(), 1.0)  # type: ignore[arg-type] - nothing is stored here
    assert photos.check(grants, FULL_MS - 1).photo_key
    with pytest.raises(RefusedError):
        photos.check(grants, FULL_MS)
