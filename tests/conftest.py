"""Settings for all tests."""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.library_conformance")

# What is started in the background of a script is deaf to ctrl-C, and would leave all that it starts so.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("deejai", deadline=None, max_examples=50)  # no deadline: shared machines are slow at times
# What a change must pass is the same each time; whoever works on it meets other examples in every run.
settings.register_profile("gate", settings.get_profile("deejai"), derandomize=True)
# mutmut runs the tests several times in one process, and thousands of times in all.
alike = [HealthCheck.differing_executors]
settings.register_profile("mutants", settings.get_profile("gate"), max_examples=10, suppress_health_check=alike)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "deejai"))
