"""Musical keys, and what they are called in tags."""

from __future__ import annotations

from deejai_core.tracks.keys import Key, parse_key

# By fifths: what the key is called as letters, in German, by Camelot and by Open Key, from their published wheels.
MAJOR = [
    ("C", "C-Dur", "8B", "1d"),
    ("G", "G-Dur", "9B", "2d"),
    ("D", "D-Dur", "10B", "3d"),
    ("A", "A-Dur", "11B", "4d"),
    ("E", "E-Dur", "12B", "5d"),
    ("B", "H-Dur", "1B", "6d"),
    ("F#", "F♯ dur", "2B", "7d"),
    ("Db", "D♭ dur", "3B", "8d"),
    ("Ab", "A♭ dur", "4B", "9d"),
    ("Eb", "E♭ dur", "5B", "10d"),
    ("Bb", "B♭ dur", "6B", "11d"),
    ("F", "F-Dur", "7B", "12d"),
]
MINOR = [
    ("Am", "a-Moll", "8A", "1m"),
    ("Em", "e-Moll", "9A", "2m"),
    ("Bm", "h-Moll", "10A", "3m"),
    ("F#m", "f♯ moll", "11A", "4m"),
    ("C#m", "c♯ moll", "12A", "5m"),
    ("G#m", "g♯ moll", "1A", "6m"),
    ("Ebm", "e♭ moll", "2A", "7m"),
    ("Bbm", "b♭ moll", "3A", "8m"),
    ("Fm", "f-Moll", "4A", "9m"),
    ("Cm", "c-Moll", "5A", "10m"),
    ("Gm", "g-Moll", "6A", "11m"),
    ("Dm", "d-Moll", "7A", "12m"),
]
WHEEL = [
    (name, Key(fifths, minor))
    for minor, names in ((False, MAJOR), (True, MINOR))
    for fifths, row in enumerate(names)
    for name in (*row, f"{row[2]}/{row[0]}", f"{row[3]} ({row[0]})", f"{row[0]} +50")
]
A_MINOR, C, F_SHARP, B = Key(0, minor=True), Key(0, minor=False), Key(6, minor=False), Key(5, minor=False)
OTHERS = [
    ("A minor", A_MINOR),
    ("Amin", A_MINOR),
    ("C major", C),
    ("Cmaj", C),
    ("Hm", parse_key("Bm")),
    ("H", B),
    ("01m", A_MINOR),
    ("08a", A_MINOR),
    (" 8A - Am ", A_MINOR),
    ("8A | Am", A_MINOR),
    ("F♯/G♭", F_SHARP),
    ("Am+5", A_MINOR),
    ("Am -50 cents", A_MINOR),
    ("8A +12", A_MINOR),
    # What names no key, or several.
    ("0m", None),
    ("13A", None),
    ("13d", None),
    ("1", None),
    ("A1", None),
    ("1c", None),
    ("Hb", None),
    ("I", None),
    ("Am +500", None),
    ("10A/8A", None),
    ("Am, C", None),
    ("8A/x", None),
    ("Amen", None),
    ("off", None),
    ("o", None),
    ("/", None),
    ("", None),
]
