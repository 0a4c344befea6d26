"""Fixtures that every room's tests share. The data directory of a test run is its own and new."""

import os
import tempfile

# Before Django reads its settings: tests never touch an operator's data.
os.environ["SURETY_DATA_DIR"] = tempfile.mkdtemp(prefix="surety-test-")
for name in [n for n in os.environ if n.startswith("SURETY_") and n not in {"SURETY_DATA_DIR", "SURETY_SHARED"}]:
    del os.environ[name]

pytest_plugins = ["tests.support.fixtures"]
