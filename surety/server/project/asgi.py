"""The ASGI application that serves the pages."""

import os

from django.core.asgi import get_asgi_application

from surety.server.records.checking import stop_unless_complete

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "surety.server.project.settings")
application = get_asgi_application()
stop_unless_complete()
from surety.server.records import masters  # noqa: E402 - its tables need Django set up

masters.ready()
