"""The written procedure: each kind of alert has steps of its own, or the general ones."""

from surety.rules.findings import Kind
from surety.server.alerts.policy import POLICY
from surety.server.console.procedure import procedures, written_for


def test_every_procedure_is_for_a_kind_of_finding_that_alerts():
    assert set(procedures().kinds) <= {kind.value for kind in Kind if POLICY[kind].opens}


def test_the_duties_to_be_somewhere_and_the_order_have_procedures_of_their_own():
    for kind in (Kind.ALLOWANCE_EXCEEDED, Kind.ATTENDANCE_MISSED, Kind.ATTENDANCE_UNVERIFIED, Kind.REVIEW_OVERDUE):
        assert written_for(kind.value) != procedures().other
