"""Photographs come out of the limited process as pixels, or as one plain sentence; nothing else comes out of it."""

import datetime as dt
import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from surety.faces.decode import CHECK_IN, ENROLMENT, Decoded, Decoder, DecoderUnavailableError, Reason, Refused
from surety.faces.syscalls import LISTS
from tests.faces import files
from tests.faces.files import FORMATS, exif, picture, squares

pytestmark = pytest.mark.slow

TAKEN_MS = int(dt.datetime(2026, 3, 29, 0, 30, 5, 250_000, tzinfo=dt.UTC).timestamp() * 1000)


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as made:
        yield made


def decoded(decoder: Decoder, data: bytes, limits=CHECK_IN) -> Decoded:
    answer = decoder.decode(data, limits)
    assert isinstance(answer, Decoded), answer
    return answer


def refused(decoder: Decoder, data: bytes, limits=CHECK_IN) -> Reason:
    answer = decoder.decode(data, limits)
    assert isinstance(answer, Refused)
    assert answer.sentence.endswith(".")
    assert len(answer.sentence) < 160
    return answer.reason


def close_to(photo, wanted, most: int = 3) -> bool:
    """Whether the middles of all squares have the wanted colours."""
    there, here = (picture[8::16, 8::16].astype(int) for picture in (photo, wanted))
    return there.shape == here.shape and bool(abs(there - here).max() <= most)


# --- what is taken


@pytest.mark.parametrize("name", FORMATS)
def test_a_photograph_comes_out_as_its_pixels(decoder: Decoder, name: str) -> None:
    answer = decoded(decoder, picture(name))
    assert (answer.format, answer.size) == (name, (96, 64))
    assert answer.photo.flags.writeable
    assert close_to(answer.photo, squares(), 6)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_stands_upright_however_the_camera_was_held(decoder: Decoder, name: str, orientation: int) -> None:
    upright = Image.fromarray(squares())
    back = [None, None, 0, 3, 1, 5, 2, 6, 4][
        orientation
    ]  # the Transpose that puts an upright picture into that position
    stored = upright if back is None else upright.transpose(Image.Transpose(back))
    answer = decoded(decoder, picture(name, stored, exif=exif(orientation)))
    assert answer.size == (96, 64)
    assert close_to(answer.photo, squares(), 6)


@pytest.mark.parametrize("name", FORMATS)
def test_the_time_of_capture_is_known_where_the_camera_says_it_with_its_offset(decoder: Decoder, name: str) -> None:
    tags = exif(taken="2026:03:29 02:30:05", offset="+02:00", subsec="25")
    answer = decoded(decoder, picture(name, exif=tags))
    assert (answer.captured_ms, answer.captured_local) == (TAKEN_MS, "2026-03-29T02:30:05")


@pytest.mark.parametrize("offset", ["", "CET", "+99:00", "2", "+0200\0"])
def test_without_an_offset_the_instant_is_not_guessed(decoder: Decoder, offset: str) -> None:
    answer = decoded(decoder, picture(exif=exif(taken="2026:03:29 02:30:05", offset=offset)))
    assert (answer.captured_ms, answer.captured_local) == (None, "2026-03-29T02:30:05")


@pytest.mark.parametrize("taken", ["", "2026:13:45 99:99:99", "0000:00:00 00:00:00", "\0\0"])
def test_a_senseless_time_of_capture_is_as_none(decoder: Decoder, taken: str) -> None:
    answer = decoded(decoder, picture(exif=exif(taken=taken, offset="+00:00")))
    assert (answer.captured_ms, answer.captured_local) == (None, "")


def grey_16(photo) -> Image.Image:
    return Image.fromarray(photo[..., 0].astype(np.uint16) * 257)


@pytest.mark.parametrize(
    ("name", "mode"),
    [("PNG", mode) for mode in ("L", "LA", "RGBA", "P", "1", "I;16")]
    + [("JPEG", "L"), ("JPEG", "CMYK"), ("WebP", "RGBA")],
)
def test_every_kind_of_colour_comes_out_as_rgb(decoder: Decoder, name: str, mode: str) -> None:
    image = grey_16(squares()) if mode == "I;16" else Image.fromarray(squares()).convert(mode)
    wanted = np.repeat(squares()[..., :1], 3, axis=2) if mode == "I;16" else np.asarray(image.convert("RGB"))
    assert close_to(decoded(decoder, picture(name, image)).photo, wanted, 6)


def test_what_is_transparent_is_white_and_not_what_hides_behind_it(decoder: Decoder) -> None:
    hidden = np.dstack((squares(), np.zeros((64, 96), np.uint8)))
    assert (decoded(decoder, picture("PNG", Image.fromarray(hidden))).photo == 255).all()
    palette = Image.fromarray(squares()).convert("P")
    file = picture("PNG", palette, transparency=bytes(256))
    assert (decoded(decoder, file).photo == 255).all()


def test_colours_follow_the_profile_of_the_photograph(decoder: Decoder) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    profile = srgb.tobytes()
    exchanged = profile.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")  # red is blue
    plain = picture("PNG", icc_profile=profile)
    assert close_to(decoded(decoder, plain).photo, squares())
    assert close_to(decoded(decoder, picture("PNG", icc_profile=b"no profile")).photo, squares())
    turned = decoded(decoder, picture("PNG", icc_profile=exchanged)).photo
    assert close_to(turned[..., ::-1], squares(), 20)


def test_large_photographs_are_scaled_down(decoder: Decoder) -> None:
    image = Image.fromarray(squares(4000, 3008))
    data = picture("JPEG", image, quality=60, exif=exif(6))
    answer = decoded(decoder, data)
    assert (answer.photo.shape, answer.size) == ((1280, 963, 3), (3008, 4000))
    assert decoded(decoder, data, ENROLMENT).photo.shape[:2] == (2048, 1540)


def test_what_reviewers_are_shown_is_a_jpeg_without_metadata(decoder: Decoder) -> None:
    photo = decoded(decoder, picture(exif=exif(taken="2026:03:29 02:30:05"))).photo
    shown = Image.open(io.BytesIO(decoder.reencode(photo, longest_px=48)))
    assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (48, 32), {})
    assert "exif" not in shown.info
    full = np.asarray(Image.open(io.BytesIO(decoder.reencode(photo, longest_px=1280))))
    assert close_to(full, squares(), 40)


def test_what_is_no_photograph_is_not_encoded(decoder: Decoder) -> None:
    with pytest.raises(ValueError, match="rows x columns x 3"):
        decoder.reencode(np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="float64"):
        decoder.reencode(np.zeros((4, 4, 3)))


# --- what is refused


def gif() -> bytes:
    file = io.BytesIO()
    Image.fromarray(squares()).save(file, "GIF")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gif(), "a GIF"),
        (b"\0\0\0\x18ftypheic" + bytes(50), "a HEIC photograph"),
        (b"\0\0\0\x18ftypmp42" + bytes(50), "a film"),
        (b"%PDF-1.7\n", "a PDF document"),
        (files.archive(), "a ZIP archive"),
        (b'<?xml version="1.0"?><svg/>', "a page or a drawing"),
        (b"hello", "not a photograph"),
    ],
)
def test_another_kind_of_file_is_told_by_its_content_and_named(decoder: Decoder, data: bytes, words: str) -> None:
    answer = decoder.decode(data)
    assert isinstance(answer, Refused)
    assert answer.reason is Reason.NOT_A_PHOTOGRAPH
    assert words in answer.sentence


def test_an_empty_file_is_refused(decoder: Decoder) -> None:
    assert refused(decoder, b"") is Reason.EMPTY


def test_too_many_bytes_are_refused_unread(decoder: Decoder) -> None:
    assert refused(decoder, bytes(CHECK_IN.max_bytes + 1)) is Reason.TOO_LARGE
    assert refused(decoder, bytes(ENROLMENT.max_bytes + 1), ENROLMENT) is Reason.TOO_LARGE


@pytest.mark.parametrize("name", FORMATS)
def test_a_photograph_that_is_cut_off_anywhere_is_refused(decoder: Decoder, name: str) -> None:
    whole = picture(name)
    for end in [*range(1, 40), *range(40, len(whole), max(1, len(whole) // 40)), len(whole) - 2, len(whole) - 1]:
        assert isinstance(decoder.decode(whole[:end]), Refused), end
    assert refused(decoder, whole[:-3]) is Reason.TRUNCATED


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "more", [b"\0", b"<script>alert(1)</script>", files.archive(), picture("JPEG"), picture("PNG")]
)
def test_nothing_may_follow_the_picture(decoder: Decoder, name: str, more: bytes) -> None:
    assert refused(decoder, picture(name) + more) is Reason.EXTRA_DATA


def announcing_more(jpeg: bytes) -> bytes:
    return files.with_segment(jpeg, b"MPF\0MM\0*\0\0\0\x08", 0xE2)


def test_the_further_pictures_that_telephones_put_behind_a_jpeg_are_let_pass_and_left_out(decoder: Decoder) -> None:
    first, second = announcing_more(picture()), picture("JPEG", Image.fromarray(squares(64, 64, seed=2)))
    answer = decoded(decoder, first + second + second)
    assert answer.size == (96, 64)
    assert close_to(answer.photo, squares(), 6)


@pytest.mark.parametrize(
    "second",
    [b"\xff\xd8\xff", picture()[:-9], picture() + b"\0", picture("PNG"), files.with_segment(picture(), b"<script>")],
)
def test_what_is_announced_as_a_further_picture_has_to_be_a_whole_one(decoder: Decoder, second: bytes) -> None:
    assert refused(decoder, announcing_more(picture()) + second) in (Reason.EXTRA_DATA, Reason.TRUNCATED)


@pytest.mark.parametrize(
    "foreign", [b"<?php system($_GET[0]) ?>", b"<script>alert(1)</script>", b"%PDF-1.4", files.archive()]
)
def test_no_document_of_another_kind_may_hide_in_what_is_not_picture(decoder: Decoder, foreign: bytes) -> None:
    jpeg, png, webp = (picture(name) for name in FORMATS)
    assert refused(decoder, files.with_segment(jpeg, foreign)) is Reason.EXTRA_DATA
    assert refused(decoder, files.with_segment(jpeg, b"Exif\0\0" + foreign, 0xE1)) is Reason.EXTRA_DATA
    assert refused(decoder, png[:33] + files.chunk(b"tEXt", b"Comment\0" + foreign) + png[33:]) is Reason.EXTRA_DATA
    odd = foreign + bytes(len(foreign) % 2)
    body = webp[12:] + b"XMP " + len(odd).to_bytes(4, "little") + odd
    assert refused(decoder, b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body) is Reason.EXTRA_DATA


def test_an_archive_inside_the_picture_data_is_found_by_its_end(decoder: Decoder) -> None:
    end = (
        b"PK\x05\x06" + bytes(16) + (2).to_bytes(2, "little")
    )  # an archive's last record, whose comment is the JPEG's end
    whole = picture("JPEG")
    assert refused(decoder, whole[:-2] + end + whole[-2:]) is Reason.EXTRA_DATA


def test_nothing_may_hide_behind_the_pixels_inside_a_png(decoder: Decoder) -> None:
    import zlib  # noqa: PLC0415 - this test alone packs pixels

    rows = b"".join(b"\0" + row.tobytes() for row in squares())
    packed = zlib.compress(rows)
    assert isinstance(decoder.decode(files.png(96, 64, packed)), Decoded)
    assert refused(decoder, files.png(96, 64, packed + b"hidden")) is Reason.EXTRA_DATA
    assert refused(decoder, files.png(96, 64, zlib.compress(rows + bytes(10**6)))) is Reason.DAMAGED


def animated(name: str) -> bytes:
    file = io.BytesIO()
    frames = [Image.fromarray(squares(seed=seed)) for seed in (1, 2)]
    frames[0].save(file, name, save_all=True, append_images=frames[1:], duration=100)
    return file.getvalue()


@pytest.mark.parametrize("name", ["PNG", "WebP"])
def test_an_animation_is_refused(decoder: Decoder, name: str) -> None:
    assert refused(decoder, animated(name)) is Reason.ANIMATED


def test_more_pixels_than_a_camera_takes_are_refused_before_any_is_made(decoder: Decoder) -> None:
    bomb = files.png(10_000, 10_000)
    assert len(bomb) < CHECK_IN.max_bytes
    assert refused(decoder, bomb) is Reason.TOO_MANY_PIXELS
    liar = files.png(60_000, 60_000, b"x\x9c\x03\0\0\0\0\x01")
    assert refused(decoder, liar) is Reason.TOO_MANY_PIXELS


def test_a_sliver_is_refused(decoder: Decoder) -> None:
    assert refused(decoder, files.png(8, 8)) is Reason.TOO_SMALL
    assert refused(decoder, files.png(20_000, 40)) is Reason.TOO_SMALL


def test_every_reason_is_told_in_the_documentation() -> None:
    told = (Path(__file__).parents[2] / "docs" / "photographs.md").read_text()
    assert not {reason for reason in Reason if f"`{reason}`" not in told}
    for limits in (CHECK_IN, ENROLMENT):
        assert f"{limits.max_bytes >> 20} MiB" in told
        assert f"{limits.max_pixels // 1_000_000} million" in told
        assert f"{limits.longest_px:,}" in told
        assert f"{limits.cpu_s} s, {limits.memory_mb} MiB" in told


# --- what may go wrong with the process


def test_a_file_that_takes_too_long_is_refused_and_the_next_one_is_decoded(decoder: Decoder) -> None:
    slow = files.slow_jpeg(400)
    assert len(slow) < CHECK_IN.max_bytes
    decoded(decoder, picture())
    keeper = decoder.pid
    assert refused(decoder, slow, msgspec.structs.replace(CHECK_IN, cpu_s=1)) is Reason.TOO_LONG
    assert refused(decoder, slow, msgspec.structs.replace(CHECK_IN, wall_s=0.2)) is Reason.TOO_LONG
    assert isinstance(decoder.decode(picture()), Decoded)
    assert decoder.pid == keeper


def test_a_file_that_needs_too_much_memory_is_refused_and_the_next_one_is_decoded(decoder: Decoder) -> None:
    large = files.png(4_800, 4_800)
    small = msgspec.structs.replace(CHECK_IN, memory_mb=128)
    assert refused(decoder, large, small) is Reason.TOO_MUCH_MEMORY
    assert isinstance(decoder.decode(large), Decoded)
    assert isinstance(decoder.decode(picture(), small), Decoded)


def test_a_process_that_was_killed_is_started_again() -> None:
    with Decoder() as decoder:
        assert isinstance(decoder.decode(picture()), Decoded)
        first = decoder.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert isinstance(decoder.decode(picture()), Decoded)
        assert decoder.pid != first


def killed_while_working(decoder: Decoder, whom: str) -> object:
    """Decode a slow file and kill the keeper, or each of its workers, as soon as a worker is there."""
    assert isinstance(decoder.decode(picture()), Decoded)
    answers: list[object] = []

    def decode() -> None:
        try:
            answers.append(decoder.decode(files.slow_jpeg(400), msgspec.structs.replace(CHECK_IN, cpu_s=1)))
        except DecoderUnavailableError as error:
            answers.append(error)

    thread = threading.Thread(target=decode)
    thread.start()
    killed: set[int] = set()
    while thread.is_alive() and len(killed) < 2:
        keeper = decoder.pid
        for worker in children(keeper) - killed if keeper else ():
            victim = keeper if whom == "keeper" else worker
            if victim not in killed:
                os.kill(victim, signal.SIGKILL)
                killed |= {victim, worker}
    thread.join()
    return answers[0]


def children(process: int) -> set[int]:
    try:
        return set(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))
    except OSError:
        return set()


def test_a_process_that_is_killed_in_the_middle_is_started_again_with_the_same_photograph() -> None:
    with Decoder() as decoder:
        answer = killed_while_working(decoder, "keeper")
        assert isinstance(answer, Refused)
        assert answer.reason is Reason.TOO_LONG  # by the second process, which was let work
        assert isinstance(decoder.decode(picture()), Decoded)


def test_a_photograph_whose_worker_dies_twice_is_refused() -> None:
    with Decoder() as decoder:
        keeper_answer = killed_while_working(decoder, "worker")
        assert isinstance(keeper_answer, Refused)
        assert keeper_answer.reason in (Reason.CRASHED, Reason.TOO_LONG)
        assert isinstance(decoder.decode(picture()), Decoded)


def test_a_process_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("surety.faces.decode.GRACE_S", 0.5)
    with Decoder() as decoder:
        decoder.decode(picture())
        first = decoder.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        begun = time.monotonic()
        assert isinstance(decoder.decode(picture(), msgspec.structs.replace(CHECK_IN, wall_s=4.0)), Decoded)
        assert time.monotonic() - begun < 30  # without the limit it would hang for good
        assert decoder.pid != first


def test_a_process_that_cannot_be_started_is_our_failure_and_not_the_photographs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with Decoder() as decoder, pytest.raises(DecoderUnavailableError, match="cannot be started"):
        decoder.decode(picture())
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with Decoder() as decoder, pytest.raises(DecoderUnavailableError, match="twice"):
        decoder.decode(picture())


def test_after_a_fork_either_side_has_a_process_of_its_own() -> None:
    with Decoder() as decoder:
        decoded(decoder, picture())
        keeper = decoder.pid
        forked = os.fork()
        if not forked:
            fine = isinstance(decoder.decode(picture()), Decoded) and decoder.pid != keeper
            decoder.close()
            os._exit(0 if fine else 1)
        assert os.waitpid(forked, 0)[1] == 0
        decoded(decoder, picture())
        assert decoder.pid == keeper


def test_threads_share_one_process(decoder: Decoder) -> None:
    wanted = {seed: squares(seed=seed) for seed in range(8)}
    wrong: list[int] = []

    def work(seed: int) -> None:
        answer = decoder.decode(picture("PNG", Image.fromarray(wanted[seed])))
        if not (isinstance(answer, Decoded) and (answer.photo == wanted[seed]).all()):
            wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_process_ends_with_the_one_that_started_it() -> None:
    script = (
        "import os, signal; from tests.faces.files import picture; from surety.faces.decode import Decoder;"
        "d = Decoder(); d.decode(picture()); print(d.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    keeper = int(done.stdout)
    until = time.monotonic() + 10
    while time.monotonic() < until and alive(keeper):
        pass
    assert not alive(keeper)


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


TRIES = """
import os, socket
from surety.faces.decode_child import confine
os.dup2(1, 0)
os.closerange(1, 64)
confine(cpu_s=5, memory_mb=512)
def outcome(work):
    try:
        work()
        return b"done "
    except (OSError, MemoryError) as error:
        return b"refused "
def raised_again(what):
    import resource
    try:
        resource.setrlimit(what, (64, 64))
    except ValueError:
        raise OSError
for work in (socket.socket, lambda: open("/etc/passwd"), lambda: open("/tmp/new", "w"), lambda: bytearray(10**9)):
    os.write(0, outcome(work))
execute = lambda: os.execv("/bin/true", ["true"])
for work in (os.fork, execute, lambda: os.kill(os.getppid(), 0), lambda: raised_again(7)):
    os.write(0, outcome(work))
"""


def test_a_worker_can_open_no_file_and_no_socket_start_no_process_and_take_back_no_limit() -> None:
    done = subprocess.run([sys.executable, "-c", TRIES], capture_output=True, check=True)
    assert done.stdout.split() == [b"refused"] * 8


def test_the_kernels_filter_is_on_where_it_is_known() -> None:
    script = "import os; from surety.faces.syscalls import Filter; os.write(1, b'%d' % Filter().close()); os._exit(0)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == b"%d" % (os.uname().machine in LISTS)


def test_a_worker_is_given_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURETY_MASTER_KEY", "secret")
    with Decoder() as decoder:
        decoder.decode(picture())
        assert b"secret" not in Path(f"/proc/{decoder.pid}/environ").read_bytes()


# --- fuzzing (a long run: `python -m benchmarks fuzz_photos`)


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_photographs_neither_crash_nor_hang_the_decoder(decoder: Decoder, name: str) -> None:
    dice = random.Random(20)
    whole = picture(name, exif=exif(6, taken="2026:03:29 02:30:05", offset="+02:00"))
    for _ in range(120):
        data = files.damaged(whole, dice)
        answer = decoder.decode(files.repaired_png(data) if name == "PNG" else data)
        assert isinstance(answer, Decoded) or answer.reason is not Reason.CRASHED


MARKS = st.sampled_from(
    [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x20\0\0\0WEBPVP8 ", b"RIFF\x20\0\0\0WEBPVP8X", b""]
)


@given(MARKS, st.binary(max_size=300))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_answered_with_a_sentence(decoder: Decoder, mark: bytes, rest: bytes) -> None:
    answer = decoder.decode(mark + rest)
    assert isinstance(answer, Decoded) or (answer.sentence and answer.reason is not Reason.CRASHED)
