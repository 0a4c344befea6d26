"""How a master key is kept: as it is, in the file of keys, or wrapped by a key service of the agency.

The contract is two calls, `wrap` and `unwrap`, each of one line of text. A service is reached by two commands, which
read a line on their standard input and write one: so HashiCorp Vault's or OpenBao's transit engine, a cloud's or a
token's own command line serve without a line of code (docs/keys.md gives the lines). Callers may not assume that a
service answers at once, nor inside a transaction that they would hold meanwhile: it is asked once a process and key.
"""

import base64
import binascii
import re
import shlex
import subprocess
from typing import NamedTuple, Protocol

TIMEOUT_S = 30.0  # a service on another continent answers within a second or two
_LINE = re.compile(r"[!-~]{1,8192}")  # printable, no spaces: what fits in a line of the file of keys


class WrappingError(Exception):
    """A master key cannot be wrapped or unwrapped; the message says what to look at."""


class Wrapping(Protocol):
    """What keeps master keys."""

    @property
    def name(self) -> str:
        """What stands in the file of keys beside each that it keeps."""

    def wrap(self, key: bytes) -> str:
        """The key as a line of printable letters without spaces. Raises WrappingError."""

    def unwrap(self, line: str) -> bytes:
        """What `wrap` was given. Raises WrappingError."""


class InFile:
    """The key stands in the file itself: whoever can read the file has it."""

    name = "file"

    def wrap(self, key: bytes) -> str:
        """The key in base64."""
        return base64.b64encode(key).decode()

    def unwrap(self, line: str) -> bytes:
        """The key. Raises WrappingError."""
        try:
            return base64.b64decode(line, validate=True)
        except binascii.Error as error:
            raise WrappingError("it is not base64: was the line cut?") from error


class Service(NamedTuple):
    """A key service behind two commands. Each is run without a shell."""

    wrap_command: str
    unwrap_command: str
    timeout_s: float = TIMEOUT_S
    name: str = "service"

    def wrap(self, key: bytes) -> str:
        """What the command answers to the key in base64. Raises WrappingError."""
        return self._ask(self.wrap_command, base64.b64encode(key).decode())

    def unwrap(self, line: str) -> bytes:
        """The key that the command answers, in base64. Raises WrappingError."""
        try:
            return base64.b64decode(self._ask(self.unwrap_command, line), validate=True)
        except binascii.Error as error:
            raise WrappingError("the key service's answer is not base64") from error

    def _ask(self, command: str, line: str) -> str:
        if not command:
            raise WrappingError("it is kept by a key service: set master_key_wrap and master_key_unwrap")
        try:
            done = subprocess.run(
                shlex.split(command), input=line, capture_output=True, text=True, timeout=self.timeout_s, check=False
            )
        except subprocess.TimeoutExpired:
            raise WrappingError(f"the key service did not answer within {self.timeout_s:g} s") from None
        except (OSError, ValueError) as error:
            raise WrappingError(f"the key service's command cannot be run: {error}") from error
        if done.returncode != 0:
            said = " ".join(done.stderr.split())[:200] or "nothing"
            raise WrappingError(f"the key service's command failed with {done.returncode} and said: {said}")
        answer = done.stdout.strip()
        if not _LINE.fullmatch(answer):
            raise WrappingError("the key service did not answer with one line of letters without spaces")
        return answer
