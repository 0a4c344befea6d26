"""A PostgreSQL server of the tests' own: a new cluster in a temporary directory, on a free port of loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path


def find_binaries() -> Path | None:
    """The directory with initdb and postgres, the newest version first; None where none is installed."""
    for root in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: -float(p.parent.name)):
        if (root / "initdb").exists():
            return root
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _unprivileged() -> dict[str, str]:
    """PostgreSQL refuses to run as root: then it runs as the package's own user, else as nobody."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    return {"user": "postgres" if "postgres" in names else "nobody"}


def free_port() -> int:
    """A port of loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """A running server; `stop` ends it and removes its files."""

    def __init__(self, binaries: Path) -> None:
        self.binaries = binaries
        self.directory = Path(tempfile.mkdtemp(prefix="surety-pg-"))
        self.port = free_port()
        self._as = _unprivileged()
        if self._as:
            shutil.chown(self.directory, self._as["user"])
        self._run("initdb", "-D", str(self.data), "-U", "surety", "-A", "trust", "-E", "UTF8", "--no-sync")
        self._run(
            "pg_ctl", "-D", str(self.data), "-w", "-l", str(self.directory / "log"), "-o", self._options(), "start"
        )

    @property
    def data(self) -> Path:
        """The cluster's data directory."""
        return self.directory / "data"

    def _options(self) -> str:
        return f"-h 127.0.0.1 -p {self.port} -k {self.directory} -c max_connections=200"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        # The server keeps its parent's pipes open for ever, so its output goes to a file.
        with (self.directory / f"{program}.out").open("w") as out:
            subprocess.run(command, check=True, stdout=out, stderr=out, cwd=self.directory, **self._as)

    def url(self, database: str) -> str:
        """The address of one database on this server."""
        return f"postgresql://surety@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """End the server at once and remove its files."""
        self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.directory, ignore_errors=True)
