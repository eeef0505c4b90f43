"""The options of an analysis, a list and a playlist: each is declared once, as a field of a dataclass.

Defaults, checks, flags, help, recipes and the DJ page's requests all follow from the declarations. This package does not
import numpy, because every `beet` command that runs with the plugin imports it.
"""
