"""What others wrote is served byte for byte as it was published, with its licence beside it."""

import hashlib
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[1] / "static" / "vendor"


def _sums() -> dict[str, str]:
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def test_every_vendored_file_has_the_sum_that_is_written_down():
    for name, digest in _sums().items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name


def test_no_vendored_file_lacks_a_sum():
    present = {path.name for path in VENDOR.iterdir()} - {"README.md", "SHA256SUMS"}
    assert present == set(_sums())


def test_each_vendored_library_has_its_licence_beside_it():
    for library in ("maplibre-gl", "pmtiles", "fflate"):
        assert "Copyright" in (VENDOR / f"LICENSE.{library}.txt").read_text()
