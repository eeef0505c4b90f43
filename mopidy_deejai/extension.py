"""What Mopidy requires of an extension: its name, its configuration, its parts."""

from __future__ import annotations

from pathlib import Path

from mopidy import config, ext

from deejai_core.version import __version__


class Extension(ext.Extension):
    dist_name = "beets-deejai"
    ext_name = "deejai"
    version = __version__

    def get_default_config(self) -> str:
        return str(config.read(Path(__file__).with_name("ext.conf")))

    def get_config_schema(self) -> config.ConfigSchema:
        schema = super().get_config_schema()
        schema["library"] = config.Path(optional=True)
        schema["radio"] = config.Boolean()
        return schema

    def setup(self, registry: ext.Registry) -> None:
        from .backend import DeejaiBackend
        from .frontend import DeejaiFrontend

        registry.add("backend", DeejaiBackend)
        registry.add("frontend", DeejaiFrontend)
