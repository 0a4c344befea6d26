"""The file of master keys: what it says comes back, damage is named, and a key service holds what it was given."""

import shlex
import stat
import sys
from pathlib import Path

import pytest

from surety.masterkey import ring
from surety.masterkey.ring import RingError
from surety.masterkey.wrapping import InFile, Service, WrappingError

SERVICE = Path(__file__).parents[2] / "docs/examples/key_service.py"


def service(folder: Path) -> Service:
    folder.mkdir(exist_ok=True)
    command = shlex.join([sys.executable, str(SERVICE), str(folder)])
    return Service(f"{command} wrap", f"{command} unwrap")


def test_keys_come_back_from_the_file_the_newest_first(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    ring.make(path, InFile(), now_ms=1)
    first = ring.read(path, [InFile()])
    ring.replace(path, first.with_new(InFile(), now_ms=2))
    both = ring.read(path, [InFile()])
    assert [key.id for key in both.keys][1] == first.current.id
    assert both.open(first.current.id) == first.open(first.current.id)
    assert (both.keys[0].retired_ms, both.keys[1].retired_ms) == (0, 2)
    assert ring.read(path, []).without(first.current.id).keys == both.keys[:1]
    assert both.without(both.current.id).keys == both.keys, "the current one stays"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_that_make_the_first_file_at_once_have_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    ring.make(path, InFile(), now_ms=1)
    before = path.read_bytes()
    ring.make(path, InFile(), now_ms=2)
    assert path.read_bytes() == before


def test_a_file_of_an_earlier_version_is_one_key(tmp_path: Path) -> None:
    path = tmp_path / "photographs.key"
    path.write_bytes(bytes(range(32)))
    found = ring.read(path, [InFile()])
    assert found.open(found.current.id) == bytes(range(32))


@pytest.mark.parametrize("content", [b"", b"\xff" * 31, b"# nothing\n", b"abc file 1 0\n", b"abc file one 0 AAAA\n"])
def test_a_damaged_file_is_named_and_no_key_is_made_in_its_place(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(content)
    with pytest.raises(RingError, match=r"master\.key"):
        ring.read(path, [InFile()])
    assert path.read_bytes() == content


def test_a_line_that_holds_another_key_than_its_id_says_is_refused(tmp_path: Path) -> None:
    one, other = (ring.new_key(InFile(), now_ms=1) for _ in range(2))
    with pytest.raises(RingError, match="another key"):
        ring.Ring([one._replace(line=other.line)], [InFile()]).open(one.id)
    with pytest.raises(RingError, match="cannot be had"):
        ring.Ring([one._replace(line="%")], [InFile()]).open(one.id)


def test_a_key_service_in_a_process_of_its_own_keeps_what_the_file_does_not_say(tmp_path: Path) -> None:
    path, kept_by = tmp_path / "master.key", service(tmp_path / "service")
    ring.make(path, kept_by, now_ms=1)
    key = ring.read(path, [kept_by]).open(ring.read(path, []).current.id)
    text = path.read_bytes()
    assert key not in text
    assert InFile().wrap(key).encode() not in text
    with pytest.raises(RingError, match="set master_key_wrap"):
        ring.read(path, [Service("", "")]).open(ring.read(path, []).current.id)
    for one in (tmp_path / "service").iterdir():
        one.unlink()
    with pytest.raises(RingError, match="said: this service has no key"):
        ring.read(path, [kept_by]).open(ring.read(path, []).current.id)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit('no such token')", "failed with 1 and said: no such token"),
        ("print('two words')", "one line of letters"),
        ("print()", "one line of letters"),
        ("import time; time.sleep(60)", "did not answer within 0.2 s"),
    ],
)
def test_a_service_that_fails_is_told_in_one_sentence(code: str, said: str) -> None:
    command = shlex.join([sys.executable, "-c", code])
    timeout_s = 0.2 if "sleep" in code else 30.0
    with pytest.raises(WrappingError, match=said):
        Service(command, command, timeout_s).wrap(b"k" * 32)


def test_a_command_that_is_not_there_is_told_in_one_sentence() -> None:
    with pytest.raises(WrappingError, match="cannot be run"):
        Service("no-such-command-here", "x").wrap(b"k" * 32)


def test_a_service_that_gives_back_another_key_makes_none() -> None:
    same = shlex.join([sys.executable, "-c", "print('QUFBQQ==')"])
    with pytest.raises(RingError, match="another key than it was given"):
        ring.new_key(Service(same, same), now_ms=1)
