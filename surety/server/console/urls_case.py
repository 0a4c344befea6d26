"""Addresses of one person's pages, the evidence of an alert, the editors and the map's ground."""

from django.urls import URLPattern, path

from surety.server.console import views_map

urlpatterns: list[URLPattern] = [
    path("map/config.json", views_map.map_config, name="map-config"),
    path("map/base.geojson", views_map.base_geojson, name="map-base"),
    path("map/tiles.pmtiles", views_map.pmtiles, name="map-pmtiles"),
    path("map/tiles/<int:z>/<int:x>/<int:y>", views_map.xyz_tile, name="map-tile"),
]
