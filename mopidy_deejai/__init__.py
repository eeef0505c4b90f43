"""A Mopidy extension: similar music to browse, and a radio in the tracklist. Mopidy loads `extension`."""
