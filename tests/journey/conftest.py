"""What the whole way shares with the watch's own tests."""

from tests.watch.conftest import playwright

__all__ = ["playwright"]
