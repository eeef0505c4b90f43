"""Settings for all tests."""

import signal

from hypothesis import settings

# What is started in the background of a script is deaf to ctrl-C, and would leave all that it starts so.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("deejai", deadline=None, max_examples=50)  # no deadline: shared machines are slow at times
settings.load_profile("deejai")
