"""Settings for all tests."""

from hypothesis import settings

settings.register_profile("deejai", deadline=None, max_examples=50)  # no deadline: shared machines are slow at times
settings.load_profile("deejai")
