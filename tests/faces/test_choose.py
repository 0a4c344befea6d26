"""Which engine compares, and that nothing compares silently with what was not meant."""

import logging
import sys
import tomllib
from pathlib import Path

import pytest

from surety.faces.choose import open_engine, open_machine
from surety.faces.contract import FacesUnavailableError
from surety.settings import Settings
from tests.faces.conftest import CHECKOUT


def settings(folder: Path, **given: str) -> Settings:
    return Settings(data_dir=folder, **given)


def test_without_models_the_extra_compares_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        engine = open_engine(settings(tmp_path))
    assert engine.name == "dlib"
    assert "faces are compared by dlib instead: no model: there is no folder" in caplog.text
    engine.close()


def test_onnx_alone_does_not_fall_back(tmp_path: Path) -> None:
    with pytest.raises(FacesUnavailableError, match=r"no model: there is no folder .*models"):
        open_engine(settings(tmp_path, faces_engine="onnx"))


def test_none_means_that_people_look_at_every_check_in(tmp_path: Path) -> None:
    with pytest.raises(FacesUnavailableError, match="people look at every check-in"):
        open_engine(settings(tmp_path, faces_engine="none"))


def test_a_remote_matcher_that_is_wanted_and_not_named_is_told(tmp_path: Path) -> None:
    with pytest.raises(FacesUnavailableError, match="faces_remote_url is not set"):
        open_engine(settings(tmp_path, faces_engine="remote"))
    with pytest.raises(FacesUnavailableError, match="faces_remote_token_file is not set"):
        open_engine(settings(tmp_path, faces_remote_url="https://matcher.example"))
    with pytest.raises(FacesUnavailableError, match="measured where it runs"):
        open_machine(settings(tmp_path, faces_engine="remote"))


def test_a_remote_matcher_that_is_away_is_not_replaced_by_another(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-token-of-some-length")
    with pytest.raises(FacesUnavailableError, match="does not answer") as error:
        open_engine(settings(tmp_path, faces_remote_url="http://127.0.0.1:9", faces_remote_token_file=str(token)))
    assert error.value.retry


def test_dlibs_weights_are_known_by_their_sha256(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "dlib_face_recognition_resnet_model_v1.dat").write_bytes(b"not the weights")
    with pytest.raises(FacesUnavailableError, match="is refused"):
        open_engine(settings(tmp_path, faces_engine="dlib"))


@pytest.mark.shared
def test_models_that_are_found_go_before_the_extra(shared_faces: Path, tmp_path: Path) -> None:
    engine = open_engine(settings(tmp_path, models_dir=str(shared_faces / "models")))
    assert engine.name == "onnx"
    engine.close()


def test_without_the_extra_the_sentence_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)  # as where it is not installed
    with pytest.raises(FacesUnavailableError, match=r"the extra dlib is not installed; `pip install surety\[dlib\]`"):
        open_engine(settings(tmp_path, faces_engine="dlib"))
    with pytest.raises(FacesUnavailableError, match=r"there is no folder .* And no model: the extra dlib"):
        open_engine(settings(tmp_path))


def test_the_extra_is_what_the_lock_file_has() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    lines = (CHECKOUT / "requirements" / "dlib.in").read_text().splitlines()
    locked = {line.partition("#")[0].strip() for line in lines} - {""}
    assert set(project["project"]["optional-dependencies"]["dlib"]) == locked
