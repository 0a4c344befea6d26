"""`surety faces ...` as an operator runs it."""

import datetime as dt
import ipaddress
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from surety.cli import app
from surety.faces.contract import FacesUnavailableError, Photo
from surety.faces.remote import RemoteEngine, read_token
from tests.faces.conftest import ANN

runner = CliRunner()


def run(*words: str, **env: str) -> tuple[int, str, str]:
    found = runner.invoke(app, ["faces", *words], env=env)
    return found.exit_code, found.stdout, found.stderr


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_models_the_command_says_what_compares(tmp_path: Path) -> None:
    code, out, _ = run("models", SURETY_MODELS_DIR=str(tmp_path / "none"))
    assert code == 0
    assert "none\nThe extra dlib is installed." in out
    assert "Faces are compared by the engine dlib" in out


def test_a_refused_file_is_told_and_without_an_engine_the_exit_code_is_1(tmp_path: Path) -> None:
    (tmp_path / "esp_mbf_f32.onnx").write_bytes(b"half")
    code, out, err = run("models", SURETY_MODELS=str(tmp_path), SURETY_FACES_ENGINE="onnx")
    assert code == 1
    assert "damaged, or another version?" in out
    assert "Faces are not compared: no model" in err


@pytest.mark.shared
def test_licence_table_and_caveat_are_shown(shared_faces: Path) -> None:
    code, out, _ = run("models", SURETY_MODELS=str(shared_faces / "models"))
    assert code == 0
    assert "esp-mbf, recogniser, MIT" in out
    assert "not disclosed" in out
    assert "match from 0.360" in out


def test_a_makers_address_that_is_out_of_reach_is_told_with_what_to_do(tmp_path: Path) -> None:
    code, _, err = run("pull", "--from", "http://127.0.0.1:9/", SURETY_MODELS=str(tmp_path / "m"))
    assert code == 1
    assert "127.0.0.1 cannot be reached" in err
    assert "Name another address with --from" in err


def test_photographs_are_not_taken_over_an_open_line(tmp_path: Path) -> None:
    code, _, err = run("serve", "--host", "0.0.0.0", "--token-file", str(tmp_path / "token"))  # noqa: S104 - refused
    assert code == 1
    assert "needs --certificate and --key" in err


@pytest.mark.parametrize(("text", "why"), [("no certificate", "not a certificate"), (None, "No such file")])
def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path, text: str | None, why: str) -> None:
    pem = tmp_path / "matcher.pem"
    if text:
        pem.write_text(text)
    code, _, err = run("serve", "--token-file", str(tmp_path / "token"), "--certificate", str(pem), "--key", str(pem))
    assert code == 1
    assert f"{pem} and {pem} cannot be used: {why}" in err


def certificate(folder: Path) -> tuple[Path, Path]:
    """One that this machine signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "matcher")])
    now = dt.datetime.now(dt.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now - dt.timedelta(1)).add_extension(here, critical=False)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = built.not_valid_after(now + dt.timedelta(1)).sign(key, hashes.SHA256())
    files = folder / "matcher.pem", folder / "matcher.key"
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return files


@contextmanager
def serving(*words: str) -> Iterator[str]:
    """The address that `surety faces serve` tells."""
    command = [sys.executable, "-m", "surety", "faces", "serve", "--port", "0", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout
        try:
            told = next(line for line in process.stdout if "Faces are compared" in line)
            yield told.split(" at ")[1].split(". ")[0]
        finally:
            process.terminate()


def test_a_matcher_serves_by_https_and_only_to_those_who_know_its_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draw: Callable[..., Photo]
) -> None:
    pem, key = certificate(tmp_path)
    token = tmp_path / "token"
    with serving("--token-file", str(token), "--certificate", str(pem), "--key", str(key)) as url:
        with pytest.raises(FacesUnavailableError, match="does not answer"):
            RemoteEngine(url, read_token(str(token)), pause_s=0.0)
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        engine = RemoteEngine(url, read_token(str(token)))
        assert engine.enrol([draw(ANN)])[0].template
        engine.close()
    assert token.stat().st_mode & 0o077 == 0
