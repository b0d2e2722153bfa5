"""The text of the last configuration that was taken, in a file: a start with a bad configuration goes on with it.

A running service keeps its configuration while the file is bad. This does the same for one that starts, such as a
container that is restarted, or a new pod that shares a volume with the old ones. Only what stood in the file is kept:
what it refers to, secrets above all, is looked up anew.

Whoever can write this file decides whom the bridge believes, at its next start with a bad configuration. So it is made
for its owner alone (0600), and one that is another user's, or that others may write to, is not taken.
"""

import os
import stat
from pathlib import Path

from bridge.config.yaml_document import MAX_BYTES
from bridge.private_file import NotAFile, read_file, replace_file


class LastGoodUnfit(Exception):
    """The kept file cannot be taken; the message says why."""


class LastGood:
    """One such file. Several processes may share it. Reading and writing block.

    Args:
        file: Where it is; its folder must be there.
        user: Whose it must be, as a uid; default: this process's.
    """

    def __init__(self, file: Path, user: int | None = None) -> None:
        self.file = file
        self._user = os.geteuid() if user is None else user

    def keep(self, text: bytes) -> None:
        """Keeps this text in place of the last one. A reader sees one or the other, whole.

        Raises:
            OSError: It cannot be written.
        """
        replace_file(self.file, text)

    def text(self) -> bytes:
        """What was kept last.

        Raises:
            LastGoodUnfit: There is nothing, or nothing that may be taken.
        """
        try:
            text, about = read_file(self.file, MAX_BYTES)
        except FileNotFoundError:
            raise LastGoodUnfit(f"none was kept in {self.file} yet") from None
        except NotAFile:
            raise LastGoodUnfit(f"{self.file} is no file") from None
        except OSError as error:
            raise LastGoodUnfit(f"{self.file} cannot be read: {error.strerror or error}") from None
        if about.st_uid != self._user or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise LastGoodUnfit(f"{self.file} is another user's, or others may write to it")
        return text
