"""A Mopidy extension: what sounds alike, to browse, and a radio in the tracklist. `extension` is where Mopidy comes in."""
