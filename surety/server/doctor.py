"""What `surety doctor` looks at: each check says what it found and what to do. None changes anything."""

import hashlib
import http.client
import shutil
import socket
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from django.contrib.staticfiles import finders
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from surety.blobs.sealing import SealError
from surety.clock import SystemClock, parse_clock
from surety.server.accounts.models import Role, User
from surety.server.audit import guards, health
from surety.server.audit import queries as audit
from surety.server.cases import watch_queries as cases
from surety.server.checkins import asking_queries
from surety.server.checkins import queries as checkins
from surety.server.monitoring import queries as monitoring
from surety.server.records import masters, rotation
from surety.server.records import plan as retention
from surety.settings import Settings
from surety.stream.contract import StreamUnavailableError
from surety.stream.sql import open_stream

GIGABYTE = 1_000_000_000
LEAST_FREE, GOOD_FREE = GIGABYTE // 2, 5 * GIGABYTE
BUILT_S = 1_790_000_000  # September 2026: a clock before the software was made is wrong


class Check(msgspec.Struct, frozen=True):
    """One thing looked at: ok, warn (works, but look at it) or bad (mend it)."""

    name: str
    state: Literal["ok", "warn", "bad"]
    found: str
    remedy: str = ""


def examine(settings: Settings) -> list[Check]:
    """Every check, in the order in which things are mended. A database that is away spares the checks that need it."""
    checks = [_settings(settings), _data_dir(settings), _disk(settings), _secret(settings), _clock(settings)]
    database = _database()
    checks.append(database)
    if database.state != "bad":
        checks += [
            _durability(),
            _log(settings),
            _worker(settings),
            _asking(settings),
            _faces(settings),
            _watches(settings),
            _keys(settings),
            _erasure(settings),
            _guards(),
            _audit(),
            _checkpoints(settings),
            _administrator(),
        ]
    checks += [_static(), _maps(settings)]
    checks += [_port("pages", settings.host, settings.web_port, "/accounts/login/")]
    checks += [_port("door", settings.host, settings.door_port, "/health")]
    return checks


def _settings(settings: Settings) -> Check:
    if settings.debug:
        return Check("settings", "warn", "debug is on", "set debug = false where real people are concerned")
    if settings.host not in {"127.0.0.1", "::1", "localhost"} and not settings.web_origin:
        what = 'set web_origin to the address that browsers use, such as "https://surety.example"'
        return Check("settings", "warn", f"listening on {settings.host} without a web_origin", what)
    return Check("settings", "ok", "read and valid")


def _data_dir(settings: Settings) -> Check:
    folder = settings.data_dir
    probe = folder / ".doctor"
    try:
        probe.write_text("written by surety doctor")
        probe.unlink()
    except OSError as error:
        return Check("data directory", "bad", f"{folder}: {error.strerror}", f"let this user write to {folder}")
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return Check("data directory", "warn", f"{folder} is open to other users", f"chmod 700 {folder}")
    return Check("data directory", "ok", str(folder))


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.data_dir).free
    found = f"{free / GIGABYTE:.1f} GB free"
    if free < LEAST_FREE:
        return Check("disk", "bad", found, "free some space: the door refuses messages when the disk is full")
    return Check("disk", "ok" if free > GOOD_FREE else "warn", found, "" if free > GOOD_FREE else "make room soon")


def _secret(settings: Settings) -> Check:
    if not settings.secret_file.exists():
        return Check("secret key", "bad", "not there", "run surety init")
    if stat.S_IMODE(settings.secret_file.stat().st_mode) & 0o077:
        return Check("secret key", "bad", "readable by other users", f"chmod 600 {settings.secret_file}")
    return Check("secret key", "ok", "there, for this user alone")


def _clock(settings: Settings) -> Check:
    if time.time() < BUILT_S:
        return Check("clock", "bad", "the machine's clock is before this software was made", "set the clock (NTP)")
    clock = parse_clock(settings.clock)
    if not isinstance(clock, SystemClock):
        return Check("clock", "warn", f"runs at speed {clock.speed:g}", 'set clock = "system" outside demonstrations')
    return Check("clock", "ok", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()))


def _database() -> Check:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        first = str(error).strip().splitlines()[0]
        return Check("database", "bad", f"not reachable: {first}", "start it, or mend database_url")
    if waiting:
        return Check("database", "bad", f"{len(waiting)} changes of its tables are waiting", "run surety init")
    return Check("database", "ok", f"{connection.vendor}, tables up to date")


def _durability() -> Check:
    """Whether what is committed outlives a power cut."""
    wanted = {"sqlite": (("journal_mode", "wal"), ("synchronous", "2"))}
    if connection.vendor == "postgresql":
        found = [("fsync", _ask("SHOW fsync")), ("synchronous_commit", _ask("SHOW synchronous_commit"))]
        wrong = [f"{name} is {value}" for name, value in found if value == "off"]
    else:
        found = [(name, _ask(f"PRAGMA {name}")) for name, _ in wanted["sqlite"]]
        wrong = [
            f"{name} is {value}, not {good}"
            for (name, value), (_, good) in zip(found, wanted["sqlite"], strict=True)
            if value != good
        ]
    if wrong:
        return Check("durability", "bad", ", ".join(wrong), "put the database's own settings back")
    return Check("durability", "ok", ", ".join(f"{name} {value}" for name, value in found))


def _ask(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return str(cursor.fetchone()[0])


def _log(settings: Settings) -> Check:
    try:
        stream = open_stream(settings)
        try:
            stream.probe()
            return Check("log", "ok", f"can be appended to; at record {stream.last_seq()}")
        finally:
            stream.close()
    except StreamUnavailableError as error:
        return Check("log", "bad", str(error), "see the disk and the database above")


def _worker(settings: Settings) -> Check:
    """A door that takes and a worker that sleeps look well from outside; nobody would be alerted."""
    health = monitoring.health(parse_clock(settings.clock))
    if _is_free(settings.host, settings.door_port):
        return Check("worker", "ok", "not running, like the door")
    if not health.live:
        since = "never" if health.silent_s is None else f"{health.silent_s:.0f} s ago"
        what = "start `surety worker` (or all, by `surety serve`) and read its log"
        return Check("worker", "bad", f"last sign of life: {since}", what)
    if health.errors:
        return Check("worker", "bad", health.errors[0], "read the worker's log")
    if health.set_aside:
        what = "facts that could not be read or judged; see the table monitoring_setaside"
        return Check("worker", "warn", f"{health.set_aside} facts set aside", what)
    return Check("worker", "ok", f"running, {health.lag_records} records behind")


def _faces(settings: Settings) -> Check:
    """Without a comparing process photographs wait and nobody looks; without a model people look at all of them."""
    clock = parse_clock(settings.clock)
    found = checkins.comparing(clock)
    age_ms = 0 if found.oldest_ms is None else clock.now_ms() - found.oldest_ms
    waits = f"waiting check-ins: {found.waiting}" + (
        f", the oldest for {age_ms // 60_000} min" if found.waiting else ""
    )
    if not found.live:
        if _is_free(settings.host, settings.door_port):
            return Check("faces", "ok", f"not running, like the door; {waits}")
        return Check("faces", "bad", f"nothing compares; {waits}", "start `surety compare`, and read its log")
    if not found.engine:
        what = "surety faces models tells what is missing; until then people look at each"
        return Check("faces", "warn", f"every check-in goes to a person: {found.sentence}; {waits}", what)
    told = f"{found.engine}, model {found.model_sha256[:12]}, {waits}"
    if found.without_template:
        told += f", enrolled images still to be prepared for this model: {found.without_template}"
    if found.sentence or age_ms > checkins.SLOW_MS:
        return Check("faces", "warn", f"{told}. {found.sentence}".strip(), "read the log of `surety compare`")
    return Check("faces", "ok", told)


def _erasure(settings: Settings) -> Check:
    """Nobody would notice that what is due is not erased any more."""
    found = retention.standing(parse_clock(settings.clock).now_ms())
    told = f"{found.waiting} erasures of people wait, {found.held} holds stand"
    if found.late and not found.swept_lately:
        what = "start `surety keeper` and read its log, or run `surety retention run`"
        return Check("erasure", "bad", f"{told}; nothing was erased for two days", what)
    if found.late:
        what = "read the keeper's log: a store may be away"
        return Check("erasure", "warn", f"{told}; {found.late} are two days late", what)
    return Check("erasure", "ok", told)


def _asking(settings: Settings) -> Check:
    """Nobody would notice that photographs are not asked for any more, or that prompts reach nobody."""
    found = asking_queries.asking(parse_clock(settings.clock))
    if not found.people:
        return Check("check-ins", "ok", "nobody is asked for photographs")
    told = f"{found.people} people are asked for photographs"
    if settings.asking_key_file.exists() and stat.S_IMODE(settings.asking_key_file.stat().st_mode) & 0o077:
        return Check("check-ins", "bad", "asking.key is readable by others", f"chmod 600 {settings.asking_key_file}")
    if not found.live and not _is_free(settings.host, settings.door_port):
        return Check("check-ins", "bad", f"{told}, but no process asks", "start `surety checkins` and read its log")
    if found.facts_waiting_s > 60:
        what = "see the log and the disk above"
        return Check("check-ins", "bad", f"{told}; facts wait for the log for {found.facts_waiting_s:.0f} s", what)
    wrong = [
        f"{number} {what}"
        for number, what in (
            (found.cannot_answer, "of them have nothing to answer with: see their check-ins"),
            (found.failed, "prompts could not be sent in the last day: see the log of `surety checkins`"),
            (found.not_asked, "questions of the last day were not asked"),
        )
        if number
    ]
    if wrong:
        return Check("check-ins", "warn", told, "; ".join(wrong))
    return Check("check-ins", "ok", told)


def _watches(settings: Settings) -> Check:
    """Browsers give camera and position to pages by https, or of the machine itself, and to no others."""
    count = cases.watch_count()
    parts = urlsplit(settings.door_address)
    if count and parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        what = 'set door_origin to the https address of the door, such as "https://watch.example"'
        return Check("watches", "bad", f"{count} registered, which find the door at {settings.door_address}", what)
    return Check("watches", "ok", f"{count} registered, which find the door at {settings.door_address}/watch/")


def _keys(settings: Settings) -> Check:
    """Without the master keys nobody's name, document or photograph can be read ever again."""
    file = masters.where()
    try:
        standing = rotation.standing()
        masters.ready()
        masters.try_each()
    except SealError as error:
        return Check("master keys", "bad", str(error), "put back the copy of the file, or start the key service")
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        return Check("master keys", "bad", f"{file} is readable by other users", f"chmod 600 {file}")
    found = f"{file}, the current one kept by the {standing[0].key.keeper}; people's keys: {standing[0].people:,}"
    if late := sum(one.people for one in standing[1:]):
        return Check("master keys", "warn", f"{found}, under older ones: {late:,}", "surety keys rotate finishes it")
    if file.is_relative_to(settings.data_dir):
        found += "; keep a copy apart from the data's backups, and leave the file out of those"
    return Check("master keys", "ok", found)


def _guards() -> Check:
    if missing := guards.missing(connection):
        return Check(
            "audit guards",
            "bad",
            f"missing: {', '.join(missing)}",
            "find out who removed them; surety init puts them back",
        )
    return Check("audit guards", "ok", "the database refuses to change an entry")


def _audit() -> Check:
    verdict = audit.verify()
    if verdict.is_sound:
        return Check("audit log", "ok", verdict.sentence)
    return Check("audit log", "bad", verdict.sentence, "keep this database as evidence and restore a backup beside it")


def _checkpoints(settings: Settings) -> Check:
    found, now_ms = health.standing(), parse_clock(settings.clock).now_ms()
    if found.fault:
        return Check("checkpoints", "bad", found.fault, "keep the folders as evidence, and ask who changed them")
    covered = found.newest.size if found.newest else 0
    told = f"{covered} of {found.entries} entries of the audit log are signed"
    if health.overdue(found, now_ms):
        return Check("checkpoints", "bad", told, "see that surety keeper runs, and what its log says")
    if not found.away:
        what = "set checkpoint_dirs to a folder that whoever administers the database cannot change"
        return Check("checkpoints", "warn", f"{told}, in a folder beside the database alone", what)
    return Check("checkpoints", "ok", told)


def _administrator() -> Check:
    count = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).count()
    if not count:
        return Check("administrator", "bad", "nobody can create users", "run surety init")
    return Check("administrator", "ok", f"{count} active")


def _static() -> Check:
    if not finders.find("accounts/entrance.css"):
        return Check("pages' files", "bad", "the package's own files are missing", "install Surety again")
    sums = finders.find("vendor/SHA256SUMS")
    wrong = _changed_files(Path(str(sums))) if sums else []
    if wrong:
        return Check("pages' files", "bad", f"changed: {', '.join(wrong)}", "install Surety again")
    return Check("pages' files", "ok", "complete and unchanged")


def _changed_files(sums: Path) -> list[str]:
    wrong = []
    for line in sums.read_text().splitlines():
        wanted, _, name = line.partition("  ")
        file = sums.parent / name.strip().lstrip("*")
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != wanted:
            wrong.append(file.name)
    return wrong


def _maps(settings: Settings) -> Check:
    files = [settings.map_geojson] + ([settings.map_tiles] if settings.map_tiles.endswith(".pmtiles") else [])
    for name in filter(None, files):
        if not Path(name).is_file():
            return Check("maps", "warn", f"{name} is not there", "mend map_geojson or map_tiles")
    return Check("maps", "ok", "as set" if any(files) or settings.map_tiles else "none set: areas without streets")


def _port(name: str, host: str, port: int, path: str) -> Check:
    """Free, or served by Surety. Something else on it is bad."""
    where = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    if _is_free(host, port):
        return Check(name, "ok", f"port {port} is free: not running")
    if _answers(f"http://{where}:{port}{path}"):
        return Check(name, "ok", f"running on port {port}")
    setting = "web_port" if name == "pages" else "door_port"
    return Check(name, "bad", f"port {port} is taken by something else", f"end that, or choose another {setting}")


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


class _Stay(urllib.request.HTTPRedirectHandler):
    """Behind TLS the pages send plain requests away; that is an answer too."""

    def redirect_request(self, *_: object) -> None:
        return None


def _answers(url: str) -> bool:
    """Whether it is Surety that answers: our pages carry a content policy, our door tells its health as JSON."""
    opener: Callable[..., Any] = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay).open
    try:
        with opener(url, timeout=3) as response:
            return _is_ours(response.headers)
    except urllib.error.HTTPError as refused:
        with refused:
            return _is_ours(refused.headers)
    except (OSError, ValueError, http.client.HTTPException):
        return False


def _is_ours(headers: Any) -> bool:
    return "Content-Security-Policy" in headers or headers.get("Content-Type", "").startswith("application/json")
