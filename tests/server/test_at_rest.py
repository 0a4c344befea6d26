"""What lies on disk, searched byte by byte: nothing that is encrypted under a key stands there in plain text."""

import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

WORDS = {
    "given_names": "Zyxwina",
    "family_name": "Qorblatt",
    "phone": "07700900461",
    "date_of_birth": "1987-06-05",
    "nationality": "Ruritanian",
    "sex": "intersexual",
    "ethnicity": "Samplish",
    "disabilities": "Wheelchairuser",
    "address": "17 Quagglestreet",
    "responsible_adult": "Uncle Vorbix",
    "label": "Quagglehome",
    "latitude": "55.4192837",
    "place": "Mosque Zanzibarlane",
    "told_how": "through his neighbour Plimsoll",
    "protected": "Xanthipple Moorgraaf",
    "contact": "wren@zanzibar.example",
    "sentence": "Zyxwina left the Quagglehome",
    "note": "She visits Grunhilde",
    "reason": "moved in with Kriemhild",
    "outcome_reason": "at the Marzipan clinic",
    "source": "passport picture Wumblefort",
    "document": "JVBERi0xLjcgdGhlIGRlY2lzaW9uIG9uIFF1b3JibGF0dA==",
    "document_name": "Qorblatt-bail.pdf",
    "photograph": "picture-of-Qorblatt",
}

SEED = """
import json, sys, os, base64
from surety.server.commands import set_up_django
set_up_django()
from django.db import transaction
from surety.blobs import sealing
from surety.blobs.contract import name_of
from surety.server.accounts.models import Role, User
from surety.server.alerts import actions as alerts
from surety.server.alerts.models import Alert
from surety.server.cases import actions, people, protected
from surety.server.cases.checks import OrderTerms, PersonDetails, Told
from surety.server.checkins.models import EnrolledImage
from surety.server.records import actions as keys, documents, queries
from surety.server.records.models import DocumentKind
w = json.loads(sys.argv[1])
T, again = 1_790_000_000_000, {"acting_user": None, "now_ms": 1_790_000_000_000}
own = "given_names family_name phone date_of_birth nationality sex ethnicity disabilities address responsible_adult"
person = actions.register_person(PersonDetails(reference="R-1", **{name: w[name] for name in own.split()}), **again)
terms = OrderTerms(order_type="bail", legal_basis="Bail Act", issuing_authority="Court", decision_sha256="ab" * 32,
                   starts_ms=T, ends_ms=T + 10**10, review_due_ms=T + 10**9)
order = actions.record_order(person.pk, terms, told=Told(at_ms=T, how=w["told_how"], language="en"), **again)
area = {"shape": "circle", "lat_deg": float(w["latitude"]), "lon_deg": -2.5, "radius_m": 100.0}
body = {"kind": "zone", "zone_kind": "exclusion", "name": w["label"], "area": area}
body["timetable"] = {"zone": "Europe/London"}
actions.add_condition(order.pk, body, label=w["label"], effective_from_ms=T, **again)
actions.add_everyday_place(person.pk, "worship", w["place"], area, **again)
pia = protected.ProtectedDetails(reference="P-1", name=w["protected"], contact=w["contact"])
protected.register_protected(pia, **again)
alert = Alert.objects.create(person=person, finding_id="f", kind="zone_entered", severity=1, certainty="probable",
    cause="behaviour", sentence=w["sentence"], at_ms=T, opened_ms=T, due_ms=T)
sam = User.objects.create(username="sam", role=Role.SUPERVISOR)
alerts.note(alert.pk, w["note"], acting_user=sam, now_ms=T)
alerts.resolve(alert.pk, "checked", w["outcome_reason"], acting_user=sam, now_ms=T)
people.change_person(person.pk, people.details_of(person), reason=w["reason"], **again)
alert.refresh_from_db(); alert.sentence += "!"; alert.save()
EnrolledImage.objects.create(person=person, sha256="cd" * 32, source=w["source"], basis="consent", recorded_ms=T,
    recorded_by_name="Olu")
documents.keep(person.pk, base64.b64decode(w["document"]), kind=DocumentKind.DECISION, name=w["document_name"],
    acting_user=None, now_ms=T)
box = sealing.seal(keys.public_key(person.pk, now_ms=T), w["photograph"].encode())
queries.blobs().put(name_of(person.pk, "ef" * 32), box)
from surety.server.cases.models import Person
read = Person.objects.get(pk=person.pk)
print(json.dumps([read.given_names, read.nationality, alert.sentence]), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("rest") / "data"
    env = os.environ | {"SURETY_DATA_DIR": str(folder)}
    surety = [sys.executable, "-c", "from surety.cli import main; main()"]
    init = [*surety, "init", "--settings", str(folder.parent / "s.toml"), "--data-dir", str(folder)]
    subprocess.run(init, env=env, check=True, capture_output=True)
    seed = [sys.executable, "-c", SEED, json.dumps(WORDS)]
    process = subprocess.Popen(seed, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert json.loads(process.stdout.readline()) == ["Zyxwina", "Ruritanian", "Zyxwina left the Quagglehome!"]
        yield folder  # while the process is there, and with it the log behind the database's file
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def _ways_to_write(word: str) -> list[bytes]:
    plain = [base64.b64decode(word)] if word.endswith("==") else []
    return [*plain, word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be"), json.dumps(word)[1:-1].encode()]


def test_no_file_holds_what_is_encrypted(data_dir: Path) -> None:
    files = [file for file in data_dir.rglob("*") if file.is_file()]
    assert {"surety.sqlite3", "surety.sqlite3-wal", "master.key"} <= {file.name for file in files}
    assert {"documents", "photographs"} <= {file.relative_to(data_dir).parts[0] for file in files}
    found = {
        f"{file.relative_to(data_dir)}: {name}"
        for file in files
        for data in [file.read_bytes()]
        for name, word in WORDS.items()
        if any(way in data for way in _ways_to_write(word))
    }
    assert found == set()


def test_the_search_would_find_what_is_not_encrypted(data_dir: Path) -> None:
    data = b"".join(file.read_bytes() for file in data_dir.glob("surety.sqlite3*"))
    assert all(word in data for word in (b"R-1", b"P-1", b"Bail Act", b"zone_entered"))
