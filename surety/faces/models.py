"""Which models may be used, and where they are found: a file is known by its SHA-256 or it is refused.

A manifest tells what a file is: its part, licence, source, and how a picture is put before it. Surety ships manifests
(surety/faces/manifests/) and no weights. Operators put files into the model directory, and manifests of their own
beside them. A threshold table is another matter (surety/faces/tables.py): a recogniser needs both.
"""

import enum
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from surety.faces.contract import FacesUnavailableError

SHIPPED = Path(__file__).parent / "manifests"
VARIABLE = "SURETY_MODELS"  # takes the place of the setting models_dir
WEIGHTS = frozenset({".onnx", ".dat"})
LARGEST_MANIFEST_BYTES = 65_536


class ModelError(FacesUnavailableError):
    """A model file or a manifest is refused; the sentence says which, why, and what to do."""


class Role(enum.StrEnum):
    """What a model is for."""

    DETECTOR = "detector"
    RECOGNISER = "recogniser"
    SPOOF = "spoof"


class Reader(enum.StrEnum):
    """Which code here feeds the file and reads its answer."""

    YUNET = "yunet"  # ONNX, three strides: class, objectness, box, five points
    EMBEDDING = "embedding"  # ONNX, an upright face in, one vector out
    MINIFASNET = "minifasnet"  # ONNX, three classes, the second is a live face
    DLIB = "dlib"  # a file of dlib's own


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of one model file. A picture's values x (0 to 255) go in as (x - mean) * scale."""

    name: str
    role: Role
    reader: Reader
    file: str  # its usual name; a file is known by its SHA-256, whatever it is called
    size: int  # bytes
    sha256: str
    licence: str
    source: str
    caveat: str = ""  # what an operator must know before they use it
    url: str = ""  # where its makers offer it
    input_px: int = 0  # rows and columns; 0: any multiple of 32
    channels: str = "rgb"  # or "bgr"
    mean: float = 0.0
    scale: float = 1.0
    embedding: int = 0  # length of a recogniser's vector
    crop: float = 0.0  # a spoof model sees the face's box, so many times as large
    preference: int = 0  # where several of one role are found, the highest is used


class Found(NamedTuple):
    """A file in the model directory: its manifest, or why it is refused."""

    path: Path
    sha256: str
    manifest: Manifest | None
    refusal: str = ""


def shipped() -> list[Manifest]:
    """The manifests that come with Surety."""
    return [read_manifest(path) for path in sorted(SHIPPED.glob("*.json"))]


def read_manifest(path: Path) -> Manifest:
    """One manifest. Raises ModelError with the file and what is wrong."""
    try:
        if path.stat().st_size > LARGEST_MANIFEST_BYTES:
            raise ModelError(f"{path} is no manifest: it is larger than {LARGEST_MANIFEST_BYTES} bytes")
        found = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise ModelError(f"{path} is no manifest of a model: {error}; docs/faces.md shows one") from None
    if problem := _problem(found):
        raise ModelError(f"{path}: {problem}")
    return found


def _problem(manifest: Manifest) -> str:
    if len(manifest.sha256) != 64 or set(manifest.sha256) - set("0123456789abcdef"):
        return "sha256 must be 64 hex digits in lower case"
    if Path(manifest.file).name != manifest.file or Path(manifest.file).suffix not in WEIGHTS:
        return "file must be the plain name of an .onnx or .dat file"
    if manifest.channels not in {"rgb", "bgr"}:
        return 'channels must be "rgb" or "bgr"'
    if manifest.role is Role.RECOGNISER and not (0 < manifest.embedding <= 4096 and 16 <= manifest.input_px <= 1024):
        return "a recogniser needs the length of its embedding (1 to 4096) and its input_px (16 to 1024)"
    return ""


def models_dir(configured: Path, env: Mapping[str, str] = os.environ) -> Path:
    """Where models are looked for: SURETY_MODELS, else what the setting says."""
    return Path(env[VARIABLE]).expanduser() if env.get(VARIABLE) else configured


class Store:
    """The models of a folder. Nothing is opened that no manifest names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def manifests(self) -> dict[str, Manifest]:
        """Every manifest by SHA-256; the operator's own take the place of those shipped. Raises ModelError."""
        own = sorted(self.folder.glob("*.manifest.json")) if self.folder.is_dir() else []
        return {found.sha256: found for found in [*shipped(), *map(read_manifest, own)]}

    def files(self) -> Iterator[Found]:
        """Each model file that lies here, known or refused. Raises ModelError for a manifest that cannot be read."""
        known = self.manifests()
        for path in sorted(self.folder.iterdir()) if self.folder.is_dir() else []:
            if path.suffix in WEIGHTS and path.is_file():
                yield identify(path, known)

    def best(
        self, role: Role, among: Sequence[Found] | None = None, first: Callable[[str], bool] = lambda _: False
    ) -> Found | None:
        """The file of this role that is preferred, or None. Those that are among the `first` go before others."""
        here = list(self.files()) if among is None else among
        fitting = [f for f in here if f.manifest and f.manifest.role is role and f.manifest.reader is not Reader.DLIB]
        return max(fitting, key=lambda f: (first(f.sha256), f.manifest.preference if f.manifest else 0), default=None)


def identify(path: Path, known: Mapping[str, Manifest]) -> Found:
    """What a file is, by its SHA-256 alone."""
    try:
        sha256 = sha256_of(path)
    except OSError as error:
        return Found(path, "", None, f"{path} cannot be read: {error.strerror or error}")
    if manifest := known.get(sha256):
        return Found(path, sha256, manifest)
    named = next((m for m in known.values() if m.file == path.name), None)
    why = f"it is not the {named.name} that it is called after (damaged, or another version?)" if named else ""
    why = why or "no manifest names it: add one for it, or take it away"
    return Found(path, sha256, None, f"{path} is refused, SHA-256 {sha256}: {why}")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex. Read again only when size or time of the file changed. Raises OSError."""
    state = path.stat()
    return _sha256_of(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256_of(path: Path, _size: int, _mtime_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_verified(found: Found) -> bytes:
    """The bytes of a model, checked once more, so that what is loaded is what was checked. Raises ModelError."""
    try:
        data = found.path.read_bytes()
    except OSError as error:
        raise ModelError(f"{found.path} cannot be read: {error.strerror or error}") from None
    if hashlib.sha256(data).hexdigest() != found.sha256:
        raise ModelError(f"{found.path} changed while it was being read; start again")
    return data
