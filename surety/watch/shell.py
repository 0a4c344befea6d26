"""Which files make up the app, and their version: `python -m surety.watch.shell` writes `app/shell.js` anew.

The service worker keeps exactly these files, all of one version. A browser looks for a new version by comparing the
worker's own bytes and those of what it imports, so the version must stand in one of them. A test fails while it is not
current.
"""

import hashlib
import json
from pathlib import Path

APP = Path(__file__).parent / "app"
OWN = "shell.js"
WORKER = "sw.js"  # the browser itself keeps this one
LEFT_OUT = frozenset({OWN, WORKER, "README.md"})


def files() -> list[str]:
    """The names of the app's files, as the browser asks for them, in order."""
    found = (path.relative_to(APP).as_posix() for path in APP.rglob("*") if path.is_file())
    return sorted(name for name in found if name not in LEFT_OUT)


def version() -> str:
    """Twelve hex digits of the SHA-256 over all names and bytes."""
    digest = hashlib.sha256()
    for name in [*files(), WORKER]:
        content = (APP / name).read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]


def text() -> str:
    """What `shell.js` is to hold."""
    names = ",\n".join(f"  {json.dumps(name)}" for name in files())
    return (
        "// Written by `python -m surety.watch.shell`: do not edit.\n"
        f"export const VERSION = {json.dumps(version())};\nexport const FILES = [\n{names},\n];\n"
    )


if __name__ == "__main__":
    (APP / OWN).write_text(text(), encoding="utf-8")
