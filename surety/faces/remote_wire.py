"""What is said between Surety and a matcher that runs elsewhere: JSON over HTTPS, the same for client and server.

Sent are the frames of one burst, or images of one person, as PNG (nothing is lost on the way), and that person's
templates, which only the matcher can read. No name, no id, no place, no time: references are numbered anew each time.
docs/faces-remote.openapi.json tells the same to those who write a matcher.
"""

from typing import Annotated, Any

import cv2
import msgspec
import numpy as np

from surety.faces.contract import Advice, Liveness, Outcome, Photo, Quality, Turn

MOST_FRAMES = 10
LEAST_PX = 64  # of a side; decoders refuse pictures in which no face could be
MOST_REFERENCES = 50
MOST_BODY_BYTES = 64 << 20
MOST_ANSWER_BYTES = 4 << 20
MOST_TEMPLATE_BYTES = 65_536

Share = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
Picture = Annotated[bytes, msgspec.Meta(description="A PNG file, in base64")]
Opaque = Annotated[
    bytes, msgspec.Meta(max_length=MOST_TEMPLATE_BYTES, description="The matcher's own bytes, in base64")
]
Model = Annotated[
    str, msgspec.Meta(min_length=1, max_length=200, description="Changes whenever old templates do not fit")
]


class Table(msgspec.Struct, frozen=True):
    """From which similarity on the matcher says that it is a match, and below which it is none."""

    match: Share
    inconclusive: Share
    source: Annotated[str, msgspec.Meta(max_length=1000, description="Of what measurement")]


class About(msgspec.Struct, frozen=True):
    """Who the matcher is."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    model: Model
    thresholds: Table


class EnrolRequest(msgspec.Struct, frozen=True):
    """Images of one person."""

    images: Annotated[list[Picture], msgspec.Meta(max_length=MOST_REFERENCES)]


class EnrolledImage(msgspec.Struct, frozen=True):
    """What became of one image. Without a template the sentence says why."""

    quality: Quality
    template: Opaque | None
    sentence: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class EnrolAnswer(msgspec.Struct, frozen=True):
    """An answer for each image, in order."""

    model: Model
    images: list[EnrolledImage]


class VerifyRequest(msgspec.Struct, frozen=True):
    """The frames of one burst, and the templates of the one person who is expected."""

    frames: Annotated[list[Picture], msgspec.Meta(max_length=MOST_FRAMES)]
    templates: Annotated[list[Opaque], msgspec.Meta(min_length=1, max_length=MOST_REFERENCES)]
    turn: Turn = Turn.NONE


class VerifyAnswer(msgspec.Struct, frozen=True):
    """The comparison. `similarity`, `frame` and `template` (numbers from 0) are those of the most alike pair."""

    model: Model
    thresholds: Table
    outcome: Outcome
    sentence: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    qualities: list[Quality]
    similarity: Share | None = None
    frame: Annotated[int, msgspec.Meta(ge=0)] | None = None
    template: Annotated[int, msgspec.Meta(ge=0)] | None = None
    advice: tuple[Advice, ...] = ()
    liveness: Liveness = Liveness()


class Problem(msgspec.Struct, frozen=True):
    """Why a request was not answered, in one sentence."""

    sentence: str


def png(photo: Photo) -> bytes:
    """A picture as a PNG file, quickly rather than small. What is too small for a face gets a black border."""
    height, width = (max(LEAST_PX, side) for side in photo.shape[:2])
    whole = np.zeros((height, width, 3), np.uint8)
    whole[: photo.shape[0], : photo.shape[1]] = photo
    bgr = cv2.cvtColor(whole, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


ROUTES: dict[str, tuple[str, str, type | None, type]] = {
    "/v1/matcher": ("get", "Who the matcher is.", None, About),
    "/v1/enrol": ("post", "Make templates of images of one person.", EnrolRequest, EnrolAnswer),
    "/v1/verify": ("post", "Compare one burst with the templates of one person.", VerifyRequest, VerifyAnswer),
}
REFUSALS = {
    "400": "The request is not as this document has it; asking again does not help.",
    "401": "The token is missing or wrong.",
    "413": "The request is larger than 64 MiB.",
    "503": "Busy, or without its model; Retry-After says after how many seconds to ask again.",
}


def openapi() -> dict[str, Any]:
    """The document for those who write a matcher (OpenAPI 3.1), made from the types above."""
    types = [About, EnrolRequest, EnrolAnswer, VerifyRequest, VerifyAnswer, Problem]
    _, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "A 1:1 face matcher for Surety",
            "version": "1",  # of what is said here; the addresses begin with it
            "description": __doc__.split("\n\n")[1].replace("\n", " "),
        },
        "security": [{"token": []}],
        "paths": {path: _path(*told) for path, told in ROUTES.items()},
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _path(method: str, summary: str, asked: type | None, answered: type) -> dict[str, Any]:
    refusals = {status: {"description": why, "content": _json(Problem)} for status, why in REFUSALS.items()}
    told: dict[str, Any] = {
        "summary": summary,
        "responses": {"200": {"description": "Done", "content": _json(answered)}},
    }
    told["responses"] |= refusals
    if asked:
        told["requestBody"] = {"required": True, "content": _json(asked)}
    return {method: told}


def _json(kind: type) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}
