"""Addresses of the person's own page. None names a person."""

from django.urls import path

from surety.server.portal import views, views_entry

urlpatterns = [
    path("", views_entry.entry, name="my"),
    path("ask", views_entry.ask, name="my-ask"),
    path("code", views_entry.code, name="my-code"),
    path("paper", views_entry.paper, name="my-paper"),
    path("watch/<str:token>", views_entry.watch, name="my-watch"),
    path("language", views_entry.language, name="my-language"),
    path("leave", views_entry.leave, name="my-leave"),
    path("today", views.my_today, name="my-today"),
]
