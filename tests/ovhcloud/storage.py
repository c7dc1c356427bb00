"""The storage of the hosting and its snapshots: folders of this machine, which FTP and SFTP servers of a test may serve too.

Rule: https://docs.ovhcloud.com, "Restore the storage space of your web hosting": root mode 705, half of the storage free, active.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .schema import BACKUPS, bad_request, conflict
from .work import Work


@dataclass
class Storage:
    home: Path
    work: Work
    service: str
    quota: tuple[float, float] = (12.0, 100.0)  # GB used, GB in all
    kept: dict[str, Path] = field(default_factory=dict)  # by the API's word for it

    # --- what tests do ------------------------------------------------------------------------
    def keep(self, name: str, folder: Path) -> Path:
        """Keeps what the home folder holds now as this snapshot, in a folder of its own."""
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["cp", "-a", str(self.home), str(folder)], check=True)
        self.kept[name] = folder
        return folder

    def mode(self) -> int:
        return self.home.stat().st_mode & 0o777

    # --- what is asked ------------------------------------------------------------------------
    def restore(self, body: dict[str, Any], state: str) -> dict[str, Any]:
        """Begins to put everything back."""
        wanted = body.get("backup")
        if wanted not in BACKUPS:
            raise bad_request("Body parameter backup isn't formated correctly")
        if state != "active":
            raise bad_request("This hosting is not active")
        if self.mode() != 0o705:
            raise bad_request("The permissions of the root folder must be 705")
        if self.quota[0] * 2 > self.quota[1]:
            raise bad_request("Not enough free space")
        if any(task.function == "web/restoreSnapshot" and task.status in ("todo", "doing") for task in self.work.tasks):
            raise conflict("There is already a restoration")
        if wanted not in self.kept:
            raise bad_request("There is no such backup")
        return self.work.as_told(self.work.start("web/restoreSnapshot", self.service, lambda: self._put_back(self.kept[wanted])))

    def _put_back(self, snapshot: Path) -> None:
        """All that is there goes, all that the snapshot holds comes, with its modes, times and owners."""
        for each in self.home.iterdir():
            shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
        subprocess.run(["cp", "-a", f"{snapshot}/.", str(self.home)], check=True)
