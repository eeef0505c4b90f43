"""What must be true before a version is published."""

from __future__ import annotations

import pytest

from tools.release import faults

READY = "# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2026-11-28\n\n### Added\n\n* A thing.\n\n## 1.1.0 - 2026-01-01\n"


def test_a_version_that_may_be_published():
    assert list(faults("1.2.0", READY, changed="", tags=["v1.1.0"])) == []


@pytest.mark.parametrize(
    ("version", "changelog", "changed", "tags", "named"),
    [
        ("1.2.0", READY, " M setup.py", [], "setup.py"),
        ("1.2.0", READY, "", ["v1.2.0"], "v1.2.0 is tagged"),
        ("1.3.0", READY, "", [], '"## 1.3.0 - '),
        ("1.2", READY, "", [], '"## 1.2 - '),
        ("1.2.0", READY.replace(" - 2026-11-28", ""), "", [], '"## 1.2.0 - '),
        ("1.2.0", READY.replace("Unreleased\n", "Unreleased\n\n* Another.\n"), "", [], "nothing below it"),
        ("1.2.0", "# Changelog\n\n## Unreleased\n", "", [], '"## 1.2.0 - '),
        ("1.2.0", READY.replace("## Unreleased\n\n", ""), "", [], "the first heading must be"),
        ("1.2.0", "# Changelog\n", "", [], "the first heading must be"),
    ],
)
def test_what_keeps_a_version_back(version, changelog, changed, tags, named):
    assert any(named in fault for fault in faults(version, changelog, changed=changed, tags=tags))
