"""A stand-in for ssh that runs the remote command on this machine."""

from __future__ import annotations

import sys
from pathlib import Path


def fake_ssh(folder: Path, python: str = sys.executable, before: str = "", after: str = "") -> list[str]:
    """Write an executable that runs the last of its arguments by a shell with this python3, after the lines `before`,
    as sshd does after start-up files."""
    bin_folder = folder / "bin"
    bin_folder.mkdir(exist_ok=True)
    (bin_folder / "python3").unlink(missing_ok=True)
    (bin_folder / "python3").symlink_to(python)
    script = folder / "ssh"
    script.write_text(
        f'#!/bin/sh\nfor command; do :; done\nPATH={bin_folder}:$PATH\n{before}\nexec sh -c "$command" {after}\n'
    )
    script.chmod(0o755)
    return [str(script)]
