# SPDX-License-Identifier: Apache-2.0
"""Whole: a file is written whole or not at all, and a refusal of the system names it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to. What is there takes its place once the block has ended well; else nothing of it is left.

    Where `path` is a link, the file that it names is written, as anybody does who opens it, and the link stays.

    Raises:
        OSError: it is a folder, or a device such as /dev/null, which would be a file afterwards; or it cannot be written. Its `filename` is `path`,
            which the system itself does not tell of a full disk.
    """
    target = Path(os.path.realpath(path))  # not `resolve`, which refuses a circle before there is a block to refuse in
    if target.exists() and not target.is_file():
        raise OSError(errno.EEXIST, "This is no ordinary file", str(path))
    part = target.with_name(f"{target.stem}.part{target.suffix}")  # the end stays: by it some libraries choose what to write
    try:
        yield part
        part.replace(target)
    except BaseException as error:
        with suppress(OSError):  # its folder is none, or closed: the first refusal is the one to tell
            part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None and error.filename in (None, str(part)):
            error.filename = str(path)
        raise
