"""How the arithmetic is compiled: numba, without fast-math, kept on disk where the installation allows it."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """The function as machine code, compiled at its first call and kept for later processes.

    Without fast-math, so that every machine follows the same IEEE 754 operations in the same order. An installation
    that nobody may write to (and a user without a home) has nowhere to keep the code: it is then compiled anew.
    """
    return _compile(function, inline="never")


def part_of_callers(function: Function) -> Function:
    """As `compiled`, but written out in every compiled caller: what runs for every fix and area costs no call."""
    return _compile(function, inline="always")


def _compile(function: Function, inline: Literal["never", "always"]) -> Function:
    try:
        return cast("Function", numba.njit(cache=True, error_model="numpy", inline=inline)(function))
    except RuntimeError:  # numba: "no locator available", there is no directory to write to
        return cast("Function", numba.njit(error_model="numpy", inline=inline)(function))
