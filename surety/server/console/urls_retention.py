"""Addresses of legal holds and erasures."""

from django.urls import URLPattern, path

from surety.server.console import views_retention

urlpatterns: list[URLPattern] = [
    path("retention", views_retention.retention, name="retention"),
    path("people/<str:person_id>/holds/new", views_retention.hold_new, name="hold-new"),
    path("holds/<str:hold_id>/do", views_retention.hold_act, name="hold-act"),
    path("people/<str:person_id>/erasure/new", views_retention.erasure_new, name="erasure-new"),
    path("people/<str:person_id>/erasure/do", views_retention.erasure_act, name="erasure-act"),
]
