"""Addresses of the console."""

from django.urls import URLPattern, URLResolver, include, path

from surety.server.console import live, views_desk, views_incident, views_other, views_oversight, views_statistics
from surety.server.portal import views_officer

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views_desk.start, name="desk"),
    path("desk/rows", views_desk.rows, name="desk-rows"),
    path("alerts/<str:alert_id>/", views_desk.alert_page, name="alert"),
    path("alerts/<str:alert_id>/pane", views_desk.pane, name="alert-pane"),
    path("alerts/<str:alert_id>/do/<slug:action>", views_desk.act, name="alert-act"),
    path("incidents/<str:incident_id>/", views_incident.incident_page, name="incident"),
    path("incidents/<str:incident_id>/pane", views_incident.pane, name="incident-pane"),
    path("incidents/<str:incident_id>/do/<slug:action>", views_incident.act, name="incident-act"),
    path("second-person/", views_desk.second_person, name="second-person"),
    path("live/alerts", live.alerts, name="live-alerts"),
    path("audit/", views_other.audit_log, name="audit"),
    path("audit/verify", views_other.audit_verify, name="audit-verify"),
    path("users/", views_other.users, name="users"),
    path("refused/", views_other.refused, name="refused"),
    path("styleguide/", views_other.styleguide, name="styleguide"),
    path("oversight/", views_oversight.check_ins, name="oversight"),
    path("oversight/statistics", views_statistics.statistics, name="statistics"),
    path("oversight/statistics.csv", views_statistics.statistics_csv, name="statistics-csv"),
    path("review/", include("surety.server.console.urls_review")),
    path("", include("surety.server.console.urls_retention")),
    path("people/<str:person_id>/own-page", views_officer.paper_code, name="portal-code"),
    path("", include("surety.server.console.urls_case")),
]
