"""Networks from the hub of Hugging Face, or from a server with the same interface (`HF_ENDPOINT`)."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path

from deejai_core.errors import DeejaiError, ModelError
from deejai_core.extras import extra
from deejai_core.models.deejai.folder import CONFIG, WEIGHTS, load_speccy, read_notes, write_notes
from deejai_core.refusals import OWN, reason_of, with_remedy
from deejai_core.version import __version__

PUBLISHED = "teticio/audio-encoder"  # by the author of Deej-A.I.

PROGRAM = {"user-agent": f"beets-deejai/{__version__}"}  # and nothing more about this machine

# Downloads in progress are named after the revision, so that a part of a file can only belong to that same file.
STAGING = ".download-"


def fetch(repo: str, folder: Path, *, revision: str | None = None) -> Path:
    """Download the model `owner/name` or `owner/name@revision` to `folder`, unless it is already there; return `folder`.

    revision: a commit, branch or tag; without one, the newest at the time of the download, which then stays. Files that
    somebody put into the folder are used as they are. An interrupted download continues where it stopped, and only a
    network of the right shape replaces existing files. Raises ModelError; MissingError if the library for it is not
    installed.
    """
    repo, _, pinned = repo.partition("@")
    revision = revision or pinned or None
    if _is_there(folder, repo, revision):
        return folder
    from filelock import FileLock, Timeout

    with extra("hub"):
        from huggingface_hub import constants
        from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError
    constants.HF_HUB_DISABLE_TELEMETRY = True  # the environment variable is too late if the library is already imported
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"
    try:
        commit, files = _look_up(repo, revision, endpoint)
        staging = folder / f"{STAGING}{commit}"
        staging.mkdir(parents=True, exist_ok=True)
        with FileLock(staging / "lock", timeout=0):
            for name, url in files.items():
                _download_file(url, staging / name)
            load_speccy(staging)
            notes = {**read_notes(staging), "repo": repo, "asked": revision, "revision": commit}
            for name in (*WEIGHTS, CONFIG):  # last the file that shows that there is a model
                if name in files:
                    (staging / name).replace(folder / name)
                else:
                    (folder / name).unlink(missing_ok=True)  # of another revision, in another format
            write_notes(folder, notes)
        for leftover in folder.glob(f"{STAGING}*"):
            shutil.rmtree(leftover, ignore_errors=True)
    except DeejaiError:
        raise
    except Timeout as error:
        raise ModelError(f"{repo}: another process is downloading it; wait until it is done") from error
    except HFValidationError as error:
        raise ModelError(f"{repo}: not the name of a model; it should be owner/name") from error
    except RepositoryNotFoundError as error:
        raise ModelError(f"{repo}: there is no such model at {endpoint}, or it is private") from error
    except RevisionNotFoundError as error:
        raise ModelError(f"{repo}: there is no revision {revision} of it at {endpoint}") from error
    except Exception as error:  # of the network or the disk; the library's errors differ from version to version
        reason = (reason_of(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(
            with_remedy(f"{repo}: cannot download it from {endpoint} ({reason})", error, OWN)
            + f"; try again, or download it on another machine into {folder}"
        ) from error
    return folder


def _is_there(folder: Path, repo: str, revision: str | None) -> bool:
    if not (folder / CONFIG).is_file() or not any((folder / name).is_file() for name in WEIGHTS):
        return False
    notes = read_notes(folder)
    if "repo" not in notes:
        return True
    return notes["repo"] == repo and (revision is None or revision in (notes.get("asked"), notes.get("revision")))


def _look_up(repo: str, revision: str | None, endpoint: str) -> tuple[str, dict[str, str]]:
    """Return the commit of `revision`, and the addresses of the files that are needed from it."""
    from huggingface_hub import HfApi, hf_hub_url

    info = HfApi(endpoint=endpoint, headers=PROGRAM).model_info(repo, revision=revision, timeout=30)
    commit = info.sha or ""
    if not re.fullmatch("[0-9a-f]{40,64}", commit):
        raise ModelError(f"{repo}: {endpoint} does not answer like the Hugging Face hub")
    names = {file.rfilename for file in info.siblings or ()}
    weights = next((name for name in WEIGHTS if name in names), None)
    if weights is None or CONFIG not in names:
        raise ModelError(f"{repo}: not a network of Deej-A.I.; it should have {CONFIG} and {' or '.join(WEIGHTS)}")
    return commit, {name: hf_hub_url(repo, name, revision=commit, endpoint=endpoint) for name in (CONFIG, weights)}


def _download_file(url: str, path: Path) -> None:
    """Download one file, from where an earlier attempt stopped.

    Not with the library's `hf_hub_download`, which starts from the beginning in every run: 170 MB take long on a slow line.
    """
    from huggingface_hub import get_hf_file_metadata
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # it is in their reference

    if path.exists():
        return
    headers = build_hf_headers(headers=PROGRAM)
    promised = get_hf_file_metadata(url, headers=headers)
    partial = path.with_name(f"{path.name}.partial")
    if partial.is_symlink():
        partial.unlink()
    with partial.open("ab") as file:
        if promised.size is not None and file.tell() > promised.size:
            file.seek(0)
            file.truncate()
        http_get(url, file, resume_size=file.tell(), headers=headers, expected_size=promised.size)
    # Large files have their SHA-256 as an ETag, small ones something else.
    if re.fullmatch("[0-9a-f]{64}", promised.etag or "") and _sha256(partial) != promised.etag:
        partial.unlink()
        raise ModelError(f"{url}: damaged during the download; try again")
    partial.replace(path)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
