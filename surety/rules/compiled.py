"""How the arithmetic is compiled: numba, without fast-math, kept on disk where the installation allows it."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """The function as machine code, compiled at its first call and kept for later processes.

    Without fast-math, so that every machine follows the same IEEE 754 operations in the same order. An installation
    that nobody may write to (and a user without a home) has nowhere to keep the code: it is then compiled anew.
    """
    try:
        return cast("Function", numba.njit(cache=True, error_model="numpy")(function))
    except RuntimeError:  # numba: "no locator available", there is no directory to write to
        return cast("Function", numba.njit(error_model="numpy")(function))
