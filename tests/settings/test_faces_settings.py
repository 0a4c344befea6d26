"""Settings of the face room: a folder, an engine, and a matcher that is reached safely or not at all."""

from pathlib import Path

import pytest

from surety.settings import SettingsError, load


def test_models_lie_in_the_data_directory_unless_something_else_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load(None, {}).models_folder == Path("surety-data/models")
    assert load(None, {"SURETY_MODELS_DIR": "/srv/models"}).models_folder == Path("/srv/models")


def test_relative_folders_start_at_the_settings_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('models_dir = "weights"\nfaces_remote_token_file = "matcher.token"\n')
    settings = load(file, {})
    assert settings.models_folder == tmp_path / "weights"
    assert settings.faces_remote_token_file == str(tmp_path / "matcher.token")


@pytest.mark.parametrize("address", ["https://matcher.example/surety", "http://127.0.0.1:9000", ""])
def test_a_matcher_is_reached_by_https_or_on_this_machine(address):
    assert load(None, {"SURETY_FACES_REMOTE_URL": address}).faces_remote_url == address


@pytest.mark.parametrize(
    "address", ["http://matcher.example", "https://me:secret@matcher.example", "matcher.example", "https://"]
)
def test_photographs_are_never_sent_over_an_open_line(address):
    with pytest.raises(SettingsError, match="write an https address"):
        load(None, {"SURETY_FACES_REMOTE_URL": address})


def test_an_unknown_engine_is_refused_with_those_that_there_are():
    with pytest.raises(SettingsError, match="write one of auto, onnx, dlib, remote, none"):
        load(None, {"SURETY_FACES_ENGINE": "magic"})
