"""A new master key: everything stays readable, a rotation cut short ends whole, the old key goes when unused."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from pytest_django.fixtures import Settings

from surety import cli
from surety.blobs import sealing
from surety.masterkey.ring import Ring
from surety.server.audit.models import Entry
from surety.server.errors import ConflictError
from surety.server.ids import new_id
from surety.server.records import masters, queries, rotation, vault
from surety.server.records.models import PersonKey
from tests.masterkey.test_ring import service

DAY_MS = 86_400_000


@pytest.fixture(autouse=True)
def keys(settings: Settings, tmp_path: Path) -> Settings:
    """Master keys of this test's own."""
    file = str(tmp_path / "master.key")
    settings.SURETY = msgspec.structs.replace(settings.SURETY, master_key_file=file, data_dir=tmp_path)
    return settings


def sealed(count: int) -> dict[str, bytes]:
    people = [new_id() for _ in range(count)]
    vault.warm(people, make=True)
    return {one: vault.encrypt(one, one.encode(), purpose="fact") for one in people}


def all_open(boxes: dict[str, bytes]) -> bool:
    for one in boxes:
        vault.forget(one)
    return all(vault.decrypt(one, box, purpose="fact") == one.encode() for one, box in boxes.items())


def rotate() -> None:
    rotation.begin(now_ms=1)
    while rotation.go_on():
        pass


@pytest.mark.django_db
def test_after_a_rotation_everything_opens_and_the_old_key_wraps_nothing() -> None:
    boxes = sealed(7)
    photograph = sealing.seal(bytes(PersonKey.objects.get(pk=next(iter(boxes))).public), b"jpeg")
    old = masters.ring().current.id
    rotate()
    assert all_open(boxes)
    assert queries.open_box(next(iter(boxes)), photograph) == b"jpeg"
    new, before = rotation.standing()
    assert (new.people, before.people, before.key.id) == (7, 0, old)
    told = str(Entry.objects.get(action="keys.rotated").detail)
    assert old in told
    assert new.key.id in told


@pytest.mark.django_db
def test_one_that_is_cut_short_is_gone_on_with_and_makes_no_third_key() -> None:
    boxes = sealed(5)
    rotation.begin(now_ms=1)
    rotation.go_on(limit=2)
    assert all_open(boxes)
    with pytest.raises(ConflictError, match="not over"):
        rotation.begin(now_ms=2)
    rotation.step(3)
    assert rotation.unfinished() == 0
    assert all_open(boxes)
    assert len(masters.ring().keys) == 2


@pytest.mark.django_db
def test_a_destroyed_key_stays_destroyed() -> None:
    boxes = sealed(2)
    gone, kept = boxes
    PersonKey.objects.filter(pk=gone).update(wrapped=None, destroyed_ms=1)
    rotate()
    assert PersonKey.objects.get(pk=gone).wrapped is None
    assert all_open({kept: boxes[kept]})


@pytest.mark.django_db
def test_an_old_key_goes_only_when_nothing_uses_it_and_not_before_a_day() -> None:
    boxes = sealed(3)
    old = masters.ring().current.id
    for refused in (old, "0123456789abcdef"):
        with pytest.raises(ConflictError):
            rotation.remove(refused, now_ms=0)
    rotation.begin(now_ms=1)
    with pytest.raises(ConflictError, match="3 people's keys"):
        rotation.remove(old, now_ms=10 * DAY_MS)
    rotation.step(2)
    with pytest.raises(ConflictError, match="less than a day"):
        rotation.remove(old, now_ms=DAY_MS)
    rotation.remove(old, now_ms=DAY_MS + 2)
    assert [one.key.id for one in rotation.standing()] == [masters.ring().current.id]
    assert all_open(boxes)


@pytest.mark.django_db
def test_what_an_earlier_version_kept_is_read_under_its_old_name_and_moves_with_a_rotation(tmp_path: Path) -> None:
    old, key = tmp_path / "photographs.key", b"o" * 32
    old.write_bytes(key)
    pair = sealing.new_pair()
    PersonKey.objects.create(person_id="ann", public=pair.public, wrapped=sealing.wrap(key, pair.private), made_ms=1)
    box = vault.encrypt("ann", b"ann", purpose="fact")
    assert rotation.unfinished() == 0
    rotate()
    assert all_open({"ann": box})
    assert not old.exists()
    assert len(masters.ring().keys) == 2


@pytest.mark.django_db
def test_where_the_file_is_gone_no_other_key_is_made(tmp_path: Path) -> None:
    sealed(1)
    (tmp_path / "master.key").rename(tmp_path / "away")
    with pytest.raises(sealing.SealError, match="put it back"):
        vault.warm([new_id()], make=True)
    assert not (tmp_path / "master.key").exists()


@pytest.mark.django_db
def test_from_the_file_to_a_key_service_and_back(keys: Settings, tmp_path: Path) -> None:
    boxes = sealed(3)
    kept_by = service(tmp_path / "service")
    plain = keys.SURETY
    keys.SURETY = msgspec.structs.replace(
        plain, master_key_wrap=kept_by.wrap_command, master_key_unwrap=kept_by.unwrap_command
    )
    rotate()
    assert masters.ring().current.keeper == "service"
    masters._held.ring = None  # as a process that starts
    assert all_open(boxes)
    rotation.remove(rotation.standing()[1].key.id, now_ms=2 * DAY_MS)
    assert re.findall(r" file ", (tmp_path / "master.key").read_text()) == []
    keys.SURETY = msgspec.structs.replace(keys.SURETY, master_key_wrap="", master_key_unwrap=kept_by.unwrap_command)
    rotate()
    assert masters.ring().current.keeper == "file"
    assert all_open(boxes)


MAKE = """
from surety.server.ids import new_id
from surety.server.records import vault
people = [new_id() for _ in range(4000)]
vault.warm(people, make=True)
print(people[0], vault.encrypt(people[0], b"kept", purpose="fact").hex())
"""
CHECK = """
import sys
from surety.server.records import rotation, vault
from surety.server.records.models import PersonKey
assert vault.decrypt(sys.argv[1], bytes.fromhex(sys.argv[2]), purpose="fact") == b"kept"
everybody = list(PersonKey.objects.values_list("pk", flat=True))
vault.warm(everybody)
print(len(everybody), rotation.unfinished(), len(rotation.standing()))
"""


@pytest.mark.slow
def test_killed_anywhere_a_rotation_ends_whole(tmp_path: Path) -> None:
    env = os.environ | {"SURETY_DATA_DIR": str(tmp_path / "data")}
    surety = [sys.executable, "-c", f"from {cli.__name__} import main; main()"]

    def python(code: str, *arguments: str) -> str:
        setup = "from surety.server.commands import set_up_django; set_up_django()\n"
        command = [sys.executable, "-c", setup + code, *arguments]
        return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout

    init = [*surety, "init", "--settings", str(tmp_path / "s.toml"), "--data-dir", str(tmp_path / "data")]
    subprocess.run(init, env=env, check=True, capture_output=True)
    person, box = python(MAKE).split()
    for lines in (1, 1, 0):  # killed at its first word, twice; then left to end
        process = subprocess.Popen([*surety, "keys", "rotate"], env=env, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        said = [process.stdout.readline() for _ in range(lines)]
        if lines:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not lines or "key" in said[0], shlex.join(said)
    assert python(CHECK, person, box).split() == ["4000", "0", "2"]


def test_a_ring_is_read_again_when_another_process_replaced_it(tmp_path: Path) -> None:
    first = masters.ring() if (tmp_path / "master.key").exists() else None
    assert first is None
    masters.replace(Ring([], []).with_new(masters.keeper(), now_ms=1))
    held = masters.ring().current.id
    masters.replace(masters.ring().with_new(masters.keeper(), now_ms=2))
    assert masters.ring().current.id != held
