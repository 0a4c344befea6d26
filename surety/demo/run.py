"""`surety demo`: prepares a data directory, tells the address and the log-ins, and runs everything with a live town."""

import contextlib
import fcntl
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from surety.clock import ScaledClock
from surety.demo import codes, state
from surety.demo.state import Demo, Hour
from surety.faces.models import VARIABLE as MODELS
from surety.serve import Child, ProcessTree, children_of
from surety.settings import Settings, commented_file
from surety.sim import plan
from surety.sim.checkins import is_asked
from surety.sim.lives import Lives
from surety.sim.townmap import write_map

PORTS_TRIED = 200
_console = Console(highlight=False)


class CannotDemoError(Exception):
    """The demonstration cannot start as asked; the message says why and what to do instead."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asked for; None: as it was, or the usual."""

    data_dir: Path
    people: int | None = None
    speed: float | None = None
    seed: int = 1
    start_ms: int | None = None
    port: int = 8000
    door_port: int = 5055
    fresh: bool = False


def run(wanted: Wanted) -> None:
    """Prepare what is not prepared yet, then run until Ctrl-C. Raises CannotDemoError."""
    if wanted.fresh and wanted.data_dir.exists():
        with _alone(wanted.data_dir):
            _remove(wanted.data_dir)
    demo = choose(wanted)
    wanted.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(wanted.data_dir):
        _run(wanted, demo)


def _run(wanted: Wanted, demo: Demo) -> None:
    settings = _settings(wanted, demo)
    _write_periods(settings)
    _export(settings)
    _write_settings(settings)
    demo = _prepare(demo, settings)
    _serve(demo, settings)


def choose(wanted: Wanted) -> Demo:
    """The demonstration of the data directory, as far as it may be changed; a new one if there is none."""
    found = state.read(wanted.data_dir)
    if found is None:
        if (wanted.data_dir / "surety.sqlite3").exists():
            raise CannotDemoError(
                f"{wanted.data_dir} holds a system that is no demonstration; choose another --data-dir."
            )
        start_ms = wanted.start_ms or state.latest_weekday_evening()
        return Demo(
            seed=wanted.seed, people=wanted.people or 40, start_ms=start_ms, speed=wanted.speed or state.DEFAULT_SPEED
        )
    if wanted.people not in (None, found.people):
        raise CannotDemoError(
            f"The town in {wanted.data_dir} has {found.people} people, not {wanted.people}: "
            f"leave --people out to go on with it, or add --fresh to begin anew."
        )
    return msgspec.structs.replace(found, speed=wanted.speed or found.speed)


@contextlib.contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Two systems must not share a data directory. The lock falls with the process, however it ends."""
    folder = os.open(data_dir, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CannotDemoError(f"The demonstration in {data_dir} is running already.") from None
    finally:
        os.close(folder)


def _remove(data_dir: Path) -> None:
    """Delete an earlier demonstration, and nothing that is not one."""
    if state.read(data_dir) is None and any(data_dir.iterdir()):
        raise CannotDemoError(f"{data_dir} holds no demonstration, so --fresh does not delete it.")
    shutil.rmtree(data_dir)


def free_port(host: str, wanted: int, avoid: tuple[int, ...] = ()) -> int:
    """The wanted port, or the next one that is free. 0: any."""
    for port in range(wanted, wanted + PORTS_TRIED) if wanted else (0,):
        if port in avoid:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CannotDemoError(f"No port from {wanted} to {wanted + PORTS_TRIED - 1} is free; name another one with --port.")


def _settings(wanted: Wanted, demo: Demo) -> Settings:
    host = "127.0.0.1"
    web = free_port(host, wanted.port)
    door = free_port(host, wanted.door_port, (web,))
    for name, asked, got in (("pages", wanted.port, web), ("door", wanted.door_port, door)):
        if asked not in (0, got):
            _console.print(f"Port {asked} is taken; the {name} use{'' if name == 'pages' else 's'} {got} instead.")
    data_dir = wanted.data_dir.resolve()
    return Settings(
        data_dir=data_dir, host=host, web_port=web, door_port=door, map_geojson=str(data_dir / "town.geojson"),
        agency_name="Surety (demonstration)", clock=_text(state.clock_of(demo, data_dir)),
        retention_file=str(data_dir / "retention.toml"),
    )  # fmt: skip


def _text(clock: ScaledClock) -> str:
    return f"scaled:{clock.anchor_ms}:{clock.start_ms}:{clock.speed:g}"


def _export(settings: Settings) -> None:
    """Django reads its settings from the environment; so do the children."""
    for name in [n for n in os.environ if n.startswith("SURETY_") and n != MODELS]:
        del os.environ[name]
    for name in settings.__struct_fields__:
        os.environ[f"SURETY_{name.upper()}"] = str(getattr(settings, name)).lower() if name == "debug" else str(
            getattr(settings, name)
        )  # fmt: skip


def _write_periods(settings: Settings) -> None:
    """Shorter periods of retention than a real system has, so that something is erased while somebody looks."""
    text = "# A day in place of 28, so that it can be seen (surety retention plan).\n[days]\nphoto_matched = 1\n"
    Path(settings.retention_file).write_text(text, encoding="utf-8")


def _write_settings(settings: Settings) -> None:
    """The demonstration's settings as a file, so that other commands can be tried on it, by its own clock."""
    values = msgspec.structs.asdict(settings).items()
    chosen = {name: _toml(value) for name, value in values if value not in ("", None)}
    file = settings.data_dir / "surety.toml"
    file.write_text(commented_file(chosen), encoding="utf-8")
    file.chmod(0o600)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else f"'{value}'"


# --- preparing --------------------------------------------------------------------------------------------------


def _prepare(demo: Demo, settings: Settings) -> Demo:
    """Create the secret, the tables, the users and the town; whatever is done already is left as it is."""
    try:
        return _prepared(demo, settings)
    except KeyboardInterrupt:
        raise CannotDemoError("Stopped while preparing; the same command goes on from here.") from None


def _prepared(demo: Demo, settings: Settings) -> Demo:
    if not settings.secret_file.exists():
        _write_secret(settings.secret_file)
    set_up_django()
    if demo.prepared:
        state.write(settings.data_dir, demo)  # another speed
        _migrate()  # a newer version may have new tables
        _close_database()
        return demo
    return _seeded(demo, settings)


def _seeded(demo: Demo, settings: Settings) -> Demo:
    from surety.demo import ending, faces, seed  # noqa: PLC0415 - Django's models exist only now

    if not demo.log_ins:
        demo = msgspec.structs.replace(demo, log_ins=seed.new_log_ins())
    state.write(settings.data_dir, demo)
    with _progress() as progress:
        bar = progress.add_task("Tables, users and the town's map", total=3)
        _migrate()
        progress.advance(bar)
        officers = seed.seed_users(demo.log_ins, demo.people, demo.start_ms)
        progress.advance(bar)
        lives = Lives(demo.seed, demo.people, demo.start_ms)
        write_map(lives.town, settings.data_dir / "town.geojson")
        progress.advance(bar)
        bar = progress.add_task("People, orders, conditions, devices", total=demo.people)
        devices = seed.seed_people(lives, officers, settings.data_dir, lambda n: progress.advance(bar, n))
        seed.seed_programme(lives)
        devices.append(seed.seed_pair(lives, settings.data_dir))
        bar = progress.add_task("Images for photo check-ins", total=sum(map(is_asked, range(demo.people))))
        faces.seed_images(lives, lambda n: progress.advance(bar, n))
        faces.seed_controls(lives, settings)
        ending.seed_endings(lives)
    plan.write(settings.data_dir, plan.Plan(demo.seed, demo.people, demo.start_ms, tuple(devices)))
    demo = msgspec.structs.replace(demo, prepared=True)
    state.write(settings.data_dir, demo)
    _close_database()
    return demo


def _progress() -> Progress:
    columns = (TextColumn("{task.description:<36}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=_console)


def _write_secret(path: Path) -> None:
    import secrets  # noqa: PLC0415 - only at the first start

    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))


def set_up_django() -> None:
    """Make the server's models usable, with the settings of the environment."""
    import django  # noqa: PLC0415 - slow to load, and it reads the environment

    os.environ["DJANGO_SETTINGS_MODULE"] = "surety.server.project.settings"
    django.setup()
    from surety.server.records.checking import stop_unless_complete  # noqa: PLC0415 - needs django.setup

    stop_unless_complete()


def _migrate() -> None:
    from django.core.management import call_command  # noqa: PLC0415 - after set-up

    call_command("migrate", verbosity=0, interactive=False)


def _close_database() -> None:
    from django.db import connections  # noqa: PLC0415 - after set-up

    connections.close_all()


# --- running ----------------------------------------------------------------------------------------------------


def _serve(demo: Demo, settings: Settings) -> None:
    # The clock starts now, not when preparing began.
    clock = state.clock_of(demo, settings.data_dir)
    settings = msgspec.structs.replace(settings, clock=_text(clock))
    _write_settings(settings)  # other commands go by the same clock
    door = f"http://{settings.host}:{settings.door_port}"
    town = [
        sys.executable,
        "-m",
        "surety.sim",
        "run",
        str(settings.data_dir),
        "--door",
        door,
        "--clock",
        settings.clock,
    ]
    tree = ProcessTree(
        [Child("town", town), *children_of(settings)], log_dir=settings.data_dir / "logs", say=_console.print
    )
    _tell(demo, settings)
    note = _HourNote(settings.data_dir, clock)
    note.start()
    try:
        tree.start()
        tree.run()
    except KeyboardInterrupt:  # before the tree listens for it
        tree.stop()
    finally:
        note.stop()
    _console.print("Stopped. The same command goes on from here.")


class _HourNote(threading.Thread):
    """Notes the domain's time each second, so that the next start goes on from there."""

    def __init__(self, data_dir: Path, clock: ScaledClock) -> None:
        super().__init__(daemon=True, name="hour-note")
        self.data_dir, self.clock, self.ended = data_dir, clock, threading.Event()

    def run(self) -> None:
        """Until stopped."""
        while not self.ended.wait(1.0):
            state.write(self.data_dir, Hour(self.clock.now_ms(), clean=False))

    def stop(self) -> None:
        """The last note: from here on no time passes."""
        self.ended.set()
        self.join()
        state.write(self.data_dir, Hour(self.clock.now_ms(), clean=True))


def _tell(demo: Demo, settings: Settings) -> None:
    """The log-ins and the address, the address last, where the eye is."""
    at = time.strftime("%H:%M:%S")
    table = Table(title=f"Log-ins, with the one-time codes of {at}", title_justify="left", box=box.SIMPLE_HEAD)
    for column in ("role", "user name", "password", "code"):
        table.add_column(column, no_wrap=True, overflow="ignore")
    for log_in in demo.log_ins:
        code, _ = codes.code_now(log_in.totp_secret)
        table.add_row(log_in.role, log_in.username, log_in.password, code)
    wide = Console(highlight=False, width=max(_console.width, 100))
    wide.print(table)
    where = "" if settings.data_dir == Path(".demo").resolve() else f" --data-dir {settings.data_dir}"
    for line in (
        f"A code is good for half a minute; a fresh one: {_command()} demo-code operator{where}",
        *_check_ins(settings, where),
        f"{demo.people} people; time runs {demo.speed:g} times as fast. Logs: {settings.data_dir / 'logs'}",
        f"Other commands on it: SURETY_SETTINGS={settings.data_dir / 'surety.toml'} {_command()} verify",
        "Ctrl-C stops everything; the same command goes on from there.",
        f"[bold]Open http://localhost:{settings.web_port}/ and log in as operator for the alert desk.[/bold]",
    ):
        _console.print(line, soft_wrap=True)


def _check_ins(settings: Settings, where: str) -> tuple[str, ...]:
    """What there is to see of photo check-ins, and who compares."""
    from surety.demo.faces import engine_of  # noqa: PLC0415 - after set-up

    engine, missing = engine_of(settings)
    compared = f"Every photo check-in goes to people: {missing}"
    if engine:
        compared = f"Photo check-ins are compared by the engine {engine.name}"
        engine.close()
    return (
        f"{compared.rstrip('.')}. What is no clear match waits for face-reviewer and face-reviewer-2.",
        f"Your own browser as a watch: {_command()} demo-watch{where}",
        f"What one of the people sees of it: {_command()} demo-portal{where}",
    )


def _command() -> str:
    """How this command was called, so that it can be called again: .venv/bin/surety, or surety."""
    called = Path(sys.argv[0])
    if called.name != "surety":
        return "surety"
    with contextlib.suppress(ValueError):
        return str(called.relative_to(Path.cwd()))
    return "surety" if shutil.which("surety") == str(called) else str(called)
