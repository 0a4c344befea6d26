"""Settings, URLs and the ASGI entry of the server."""
