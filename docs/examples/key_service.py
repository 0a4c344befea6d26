"""A key service in thirty lines, for tests and as a pattern: keys of its own in a folder, a line in, a line out.

    key_service.py FOLDER wrap < base64 > line
    key_service.py FOLDER unwrap < line > base64

A real one keeps its keys in a hardware module or a service that counts and limits what is asked of it.
"""

import base64
import secrets
import sys
from pathlib import Path

from nacl.secret import SecretBox


def main() -> None:
    """One line from standard input, one line to standard output; exit code 1 when it cannot be done."""
    folder, what = Path(sys.argv[1]), sys.argv[2]
    line = sys.stdin.read()
    if what == "wrap":
        name = secrets.token_hex(4)
        key = secrets.token_bytes(SecretBox.KEY_SIZE)
        (folder / name).write_bytes(key)
        box = SecretBox(key).encrypt(base64.b64decode(line, validate=True))
        sys.stdout.write(f"example:{name}:{base64.b64encode(box).decode()}")
        return
    _, name, box_text = line.split(":")
    key_file = folder / name
    if not key_file.exists():
        sys.exit(f"this service has no key {name}")
    sys.stdout.write(base64.b64encode(SecretBox(key_file.read_bytes()).decrypt(base64.b64decode(box_text))).decode())


if __name__ == "__main__":
    main()
