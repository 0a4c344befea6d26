"""Every address of the server."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [path("accounts/", include("surety.server.accounts.urls"))]
urlpatterns.append(path("my/", include("surety.server.portal.urls")))
if find_spec("surety.server.console.urls"):
    urlpatterns.append(path("", include("surety.server.console.urls")))
