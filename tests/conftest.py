"""Settings for all tests."""

import os
import signal

from hypothesis import settings

# What is started in the background of a script is deaf to ctrl-C, and would leave all that it starts so.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("deejai", deadline=None, max_examples=50)  # no deadline: shared machines are slow at times
# What a change must pass is the same each time; whoever works on it meets other examples in every run.
settings.register_profile("gate", settings.get_profile("deejai"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "deejai"))
