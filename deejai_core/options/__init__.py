"""What can be asked of an analysis, a list and a playlist: each option is declared once, as a field of a dataclass.

Defaults, checks, flags, help, recipes and what the DJ page reads all follow from the declarations. Free of numpy, since
every `beet` command that runs with the plugin reads them.
"""
