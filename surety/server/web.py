"""The pages as a process: settings in, an ASGI server that ends on SIGTERM, open live streams included."""

import uvicorn

from surety.settings import Settings

DRAIN_S = 3  # live streams never end by themselves; a page that is being made has this long


def run(settings: Settings) -> None:
    """Serve the pages on `settings.host`:`settings.web_port` until SIGTERM or SIGINT."""
    uvicorn.run(
        "surety.server.project.asgi:application",
        host=settings.host,
        port=settings.web_port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,  # addresses of pages name people; the audit log is where reading is recorded
        log_level="warning",
        server_header=False,
        forwarded_allow_ips="127.0.0.1",
        timeout_graceful_shutdown=DRAIN_S,
    )
