"""Addresses of one person's pages, the evidence of an alert, the editors and the map's ground."""

from django.urls import URLPattern, path

from surety.server.console import (
    views_calendar,
    views_condition,
    views_editors,
    views_evidence,
    views_map,
    views_person,
    views_programmes,
    views_trail,
)

urlpatterns: list[URLPattern] = [
    path("map/config.json", views_map.map_config, name="map-config"),
    path("map/base.geojson", views_map.base_geojson, name="map-base"),
    path("map/tiles.pmtiles", views_map.pmtiles, name="map-pmtiles"),
    path("map/tiles/<int:z>/<int:x>/<int:y>", views_map.xyz_tile, name="map-tile"),
    path("people", views_person.people, name="people"),
    path("people/new", views_editors.person_new, name="person-new"),
    path("people/<str:person_id>", views_person.person_today, name="person"),
    path("people/<str:person_id>/trail", views_trail.person_trail, name="person-trail"),
    path("people/<str:person_id>/conditions", views_person.person_conditions, name="person-conditions"),
    path("people/<str:person_id>/calendar.ics", views_calendar.person_calendar, name="person-calendar"),
    path("people/<str:person_id>/alerts", views_person.person_alerts, name="person-alerts"),
    path("people/<str:person_id>/record", views_person.person_record, name="person-record"),
    path("people/<str:person_id>/orders/new", views_editors.order_new, name="order-new"),
    path("people/<str:person_id>/devices/assign", views_editors.device_assign, name="device-assign"),
    path("people/<str:person_id>/preview/<str:kind>", views_condition.condition_preview, name="condition-preview"),
    path("orders/<str:order_id>/change", views_editors.order_change, name="order-change"),
    path("orders/<str:order_id>/told", views_editors.order_told, name="order-told"),
    path("orders/<str:order_id>/status", views_editors.order_status, name="order-status"),
    path("orders/<str:order_id>/history", views_editors.order_history, name="order-history"),
    path("orders/<str:order_id>/conditions/new/<str:kind>", views_condition.condition_new, name="condition-new"),
    path("conditions/<str:condition_id>/edit", views_condition.condition_edit, name="condition-edit"),
    path("conditions/<str:condition_id>/withdraw", views_condition.condition_withdraw, name="condition-withdraw"),
    path("conditions/<str:condition_id>/history", views_condition.condition_history, name="condition-history"),
    path("assignments/<int:assignment_id>/end", views_editors.assignment_end, name="assignment-end"),
    path("programme-zones", views_programmes.programme_zones, name="programme-zones"),
    path("programme-zones/new", views_programmes.programme_zone_new, name="programme-zone-new"),
    path("programme-zones/<str:zone_id>", views_programmes.programme_zone, name="programme-zone"),
    path("programme-zones/<str:zone_id>/change", views_programmes.programme_zone_change, name="programme-zone-change"),
    path("programme-zones/<str:zone_id>/do", views_programmes.programme_zone_act, name="programme-zone-act"),
    path("programme-zones/<str:zone_id>/told", views_programmes.programme_zone_told, name="programme-zone-told"),
    path("alerts/<str:alert_id>/evidence", views_evidence.evidence, name="alert-evidence"),
    path("alerts/<str:alert_id>/map.json", views_evidence.alert_map, name="alert-map"),
]
