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
    path("order", views.my_order, name="my-order"),
    path("trail", views.my_trail, name="my-trail"),
    path("trail.svg", views.my_map, name="my-map"),
    path("record", views.my_record, name="my-record"),
    path("photos", views.my_check_ins, name="my-check-ins"),
    path("photos/<str:key>", views.my_photo, name="my-photo"),
    path("readers", views.my_readers, name="my-readers"),
    path("kept", views.my_kept, name="my-kept"),
]
