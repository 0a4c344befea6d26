"""What takes two people takes two people: whoever proposed cannot decide, in whatever role they come back."""

from collections.abc import Callable

import pytest

from surety.server.accounts.models import Role, User
from surety.server.alerts import actions as alerts
from surety.server.alerts.models import Alert, Outcome
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import DAY_MS, NOW_MS
from surety.server.cases import actions as cases
from surety.server.cases import programmes, protected
from surety.server.cases.models import OrderStatus
from surety.server.cases.tests.test_programmes import terms
from surety.server.cases.tests.test_protected import CONSENT, TERMS, pia
from surety.server.errors import RefusedError
from surety.server.records import holds, requests

pytestmark = pytest.mark.django_db
LATER_MS = NOW_MS + 1000
Decide = Callable[[User], object]


def violation(by: User) -> Decide:
    alerts.apply_findings([cast.finding(cast.person())], [], now_ms=NOW_MS)
    alert = Alert.objects.get()
    alerts.acknowledge(alert.pk, acting_user=by, now_ms=NOW_MS)
    alerts.resolve(alert.pk, Outcome.VIOLATION, "seen on the map", acting_user=by, now_ms=NOW_MS)
    return lambda user: alerts.confirm(alert.pk, acting_user=user, now_ms=LATER_MS)


def hold(by: User) -> Decide:
    found = holds.propose(cast.person().pk, reason="appeal", ends_ms=NOW_MS + DAY_MS, acting_user=by, now_ms=NOW_MS)
    return lambda user: holds.decide(found.pk, approve=True, acting_user=user, now_ms=LATER_MS)


def erasure(by: User) -> Decide:
    person = cast.person()
    order = cast.order(person)
    over = {"effective_from_ms": NOW_MS, "acting_user": None, "now_ms": NOW_MS, "reason": "quashed"}
    cases.set_order_status(order.pk, OrderStatus.ENDED, **over)
    requests.propose(person.pk, "Court order 12/26", acting_user=by, now_ms=NOW_MS)
    return lambda user: requests.decide(person.pk, confirm=True, acting_user=user, now_ms=LATER_MS)


def programme(by: User) -> Decide:
    version = programmes.propose_zone("Match days", terms(), acting_user=by, now_ms=NOW_MS)
    return lambda user: programmes.confirm_version(version.pk, acting_user=user, now_ms=LATER_MS)


def link(by: User) -> Decide:
    order = cast.order(cast.person())
    row = protected.propose_link(pia().pk, order.pk, TERMS, CONSENT, from_ms=NOW_MS, acting_user=by, now_ms=NOW_MS)
    return lambda user: protected.approve_link(row.pk, acting_user=user, now_ms=LATER_MS)


@pytest.mark.parametrize("again", [Role.SUPERVISOR, Role.ADMINISTRATOR, Role.OFFICER, Role.OPERATOR])
@pytest.mark.parametrize("what", [violation, hold, erasure, programme, link], ids=lambda what: what.__name__)
def test_whoever_proposed_cannot_decide_in_any_role(what: Callable[[User], Decide], again: Role) -> None:
    ida = cast.user("ida", Role.SUPERVISOR)
    decide = what(ida)
    User.objects.filter(pk=ida.pk).update(role=again)
    with pytest.raises(RefusedError):
        decide(User.objects.get(pk=ida.pk))


@pytest.mark.parametrize("what", [violation, hold, erasure, programme, link], ids=lambda what: what.__name__)
def test_somebody_else_can(what: Callable[[User], Decide]) -> None:
    what(cast.user("ida", Role.SUPERVISOR))(cast.user("jo", Role.SUPERVISOR))
