"""A sound card that is none: what is played into it is what its microphone embeds."""

from __future__ import annotations

import shutil
import subprocess
import time
from ctypes.util import find_library
from pathlib import Path

PROGRAMS = ("pulseaudio", "pactl", "paplay")
PLUGINS = "/usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so"  # through which PortAudio reaches PulseAudio
START = 30  # seconds that PulseAudio may take to be ready


def why_no_soundcard() -> str | None:
    """What is missing for one; None if nothing is."""
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    missing += [] if find_library("portaudio") else ["libportaudio2"]
    missing += [] if any(Path("/").glob(PLUGINS.lstrip("/"))) else ["libasound2-plugins"]
    return f"not installed: {', '.join(missing)}" if missing else None


class SoundCard:
    """PulseAudio with a sink that goes nowhere, whose monitor is the system's microphone.

    folder: empty, with a short path, since there will be a socket in it. Programs have to be run with `env`.
    """

    def __init__(self, folder: Path) -> None:
        (folder / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
        self.env = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_SERVER": f"unix:{folder}/socket"}
        commands = folder / "commands"
        commands.write_text(f"load-module module-native-protocol-unix auth-anonymous=1 socket={folder}/socket\n")
        options = ["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "-F", str(commands)]
        with (folder / "log").open("wb") as log:
            self._pulseaudio = subprocess.Popen(["pulseaudio", *options], env=self._path(), stderr=log, stdout=log)
        self._players: list[subprocess.Popen] = []
        end = time.monotonic() + START
        while subprocess.run(["pactl", "info"], env=self._path(), capture_output=True).returncode:
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.1)
        self._sink = self._pactl("load-module", "module-null-sink", "sink_name=room").strip()
        self._pactl("set-default-source", "room.monitor")

    def play(self, song: Path) -> None:
        """Begin to play a file."""
        self._players.append(subprocess.Popen(["paplay", song], env=self._path(), stderr=subprocess.DEVNULL))

    def unplug(self) -> None:
        self._pactl("unload-module", self._sink)

    def close(self) -> None:
        for process in (*self._players, self._pulseaudio):
            process.terminate()
            process.wait()

    def _pactl(self, *words: str) -> str:
        process = subprocess.run(["pactl", *words], env=self._path(), check=True, stdout=subprocess.PIPE, text=True)
        return process.stdout

    def _path(self) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", **self.env}
