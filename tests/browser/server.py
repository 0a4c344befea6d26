"""A running server for browser tests: uvicorn in a process of its own, a data directory of its own, migrated.

    with RunningServer() as server:
        server.python("...")            # runs in another process with Django set up; prints come back as text
        page.goto(server.url)

Every page of `watched_page` is checked at its end: nothing was loaded from another origin, nothing went wrong in the
console, and the content security policy was never broken.
"""

import contextlib
import hashlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHECKOUT = Path(__file__).resolve().parents[2]
START_S = 60.0  # two slow cores compile and migrate in less
PASSWORD = "a quiet night at the desk"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_SETUP = "import os, django\nos.environ['DJANGO_SETTINGS_MODULE'] = 'surety.server.project.settings'\ndjango.setup()\n"


class RunningServer:
    """One server with an empty, migrated database of its own."""

    def __init__(self, **settings: str) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="surety-browser-")
        self.data_dir = Path(self._directory.name)
        (self.data_dir / "secret.key").write_text("for tests only, " + "x" * 60)
        self.port = _free_port()
        self.url = f"http://localhost:{self.port}"
        self.log = self.data_dir / "web.log"
        self.settings = {"host": "127.0.0.1", "web_port": str(self.port), "web_origin": self.url, **settings}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def env(self) -> dict[str, str]:
        """The environment of every process of this server."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SURETY_")}
        ours = {f"SURETY_{name.upper()}": value for name, value in self.settings.items()}
        return {**kept, "SURETY_DATA_DIR": str(self.data_dir), **ours}

    def __enter__(self) -> "RunningServer":
        self.python("from django.core.management import call_command\ncall_command('migrate', verbosity=0)")
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()
        if kind is not None:
            print(self.log.read_text()[-4000:])
        self._directory.cleanup()

    def start(self) -> None:
        """Start the web process on its port, and wait until it answers."""
        command = [sys.executable, "-m", "uvicorn", "surety.server.project.asgi:application", "--log-level", "warning"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--port", str(self.port)],
                env=self.env,
                cwd=CHECKOUT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the server did not start:\n{self.log.read_text()[-4000:]}")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/static/console/icons/surety.svg", timeout=5) as answer:  # noqa: S310 - our own server
                return bool(answer.status == 200)
        except urllib.error.HTTPError:
            return True
        except OSError:
            # Nobody listens yet: look again after a moment that a selector, not a sleep, measures.
            selectors.DefaultSelector().select(0.05)
            return False

    def stop(self, within_s: float = 10.0) -> float:
        """Ask the process to stop, and give the seconds it took. Kills it, and fails, when it takes too long."""
        if self._process is None:
            return 0.0
        asked = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the server did not stop within {within_s:g} s") from None
        finally:
            self._process = None
        return time.monotonic() - asked

    def python(self, code: str) -> str:
        """Run code in another process with Django set up; what it printed."""
        done = subprocess.run(
            [sys.executable, "-c", _SETUP + code], env=self.env, cwd=CHECKOUT, capture_output=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"{done.stderr.decode()[-4000:]}\n--- in:\n{code}")
        return done.stdout.decode()

    def add_user(self, name: str, role: str, region: str = "") -> None:
        """A user with `PASSWORD` and an authenticator app with `TOTP_SECRET`."""
        self.python(
            "import time\nfrom surety.server.accounts.actions import create_user, enrol_totp\n"
            "now = time.time_ns() // 1_000_000\n"
            f"user, _ = create_user({name!r}, {role!r}, acting_user=None, now_ms=now, password={PASSWORD!r},"
            f" region={region!r}, full_name={name.title()!r})\n"
            f"enrol_totp(user, {TOTP_SECRET!r}, now_ms=now)\n"
        )

    def cookie_of(self, name: str) -> str:
        """A session of that user, without the log-in pages: for tests that are not about log-in."""
        return self.python(
            "from importlib import import_module\nfrom django.conf import settings\n"
            "from surety.server.accounts.models import User\n"
            "from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY\n"
            f"user = User.objects.get(username={name!r})\n"
            "session = import_module(settings.SESSION_ENGINE).SessionStore()\n"
            "session[SESSION_KEY] = str(user.pk)\nsession[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]\n"
            "session[HASH_SESSION_KEY] = user.get_session_auth_hash()\nsession.create()\nprint(session.session_key)"
        ).strip()


def totp_now() -> str:
    """The code that the authenticator app shows now (RFC 6238, six digits, 30 s)."""
    import base64  # noqa: PLC0415 - only those who log in need it
    import hmac  # noqa: PLC0415

    counter = int(time.time() // 30).to_bytes(8, "big")
    digest = hmac.new(base64.b32decode(TOTP_SECRET), counter, hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def log_in(page: Page, server: RunningServer, name: str) -> None:
    """Log in with password and one-time code, as a person does."""
    page.goto(f"{server.url}/accounts/login/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_selector("input[name=code]")
    page.fill("input[name=code]", totp_now())
    page.press("input[name=code]", "Enter")
    page.wait_for_url(f"{server.url}/")


def log_in_by_cookie(context: BrowserContext, server: RunningServer, name: str) -> None:
    """Be logged in already."""
    context.add_cookies([{"name": "sessionid", "value": server.cookie_of(name), "url": server.url}])


@contextlib.contextmanager
def chromium(playwright: Playwright, path: str) -> Iterator[Browser]:
    """A headless Chromium that talks to nobody but the server."""
    browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
    yield browser
    browser.close()


class Watch:
    """What a page asked for and complained of."""

    def __init__(self, page: Page, origin: str) -> None:
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        self._origin = urlsplit(origin).netloc
        # Chromium's own remark about drawing maps without a graphics card.
        self.expected: tuple[str, ...] = ("GPU stall due to ReadPixels",)
        page.on("request", self._request)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and address.netloc != self._origin:
            self.foreign.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(part in message.text for part in self.expected):
            self.complaints.append(message.text)

    def check(self) -> None:
        """Fail when something came from elsewhere, or the console holds an error or a broken policy."""
        assert not self.foreign, f"loaded from another origin: {self.foreign}"
        assert not self.complaints, f"complaints in the console: {self.complaints}"


@contextlib.contextmanager
def watched_page(context: BrowserContext, server: RunningServer, expected: tuple[str, ...] = ()) -> Iterator[Page]:
    """A page that is checked when the test is done with it; `expected` are complaints that the test provokes."""
    page = context.new_page()
    watch = Watch(page, server.url)
    watch.expected += expected
    yield page
    page.close()
    watch.check()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
