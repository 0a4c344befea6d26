"""A drawing as PNG, for where SVG is not taken (a word processor, a fax of a court)."""

import resvg_py

ZOOM = 2.0  # sharp on paper


class CannotDrawError(Exception):
    """The picture was not made; the sentence says why."""


def png(svg: str) -> bytes:
    """The picture of an SVG drawing, in light colours. Raises CannotDrawError with one sentence."""
    try:
        return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=ZOOM, background="#ffffff"))
    except ValueError as error:
        raise CannotDrawError(f"The drawing could not be made into a PNG: {error}") from None
