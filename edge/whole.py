# SPDX-License-Identifier: Apache-2.0
"""Whole: a file is written whole or not at all, and an error of the system names the file."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Gives a path beside `path` to write to. When the block ends well, that file takes the place of `path`; else it is deleted.

    Where `path` is a link, the file that it leads to is replaced, and the link stays.

    Raises:
        OSError: `path` is a folder, or a device such as /dev/null, which would be an ordinary file afterwards; or it cannot be written. Its
            `filename` is `path`; the system itself does not say which file it was when a disk is full.
    """
    target = Path(os.path.realpath(path))  # not `resolve`, which refuses a circle before there is a block to refuse in
    if target.exists() and not target.is_file():
        raise OSError(errno.EEXIST, "This is no ordinary file", str(path))
    part = target.with_name(f"{target.stem}.part{target.suffix}")  # the end stays: by it some libraries choose what to write
    try:
        yield part
        part.replace(target)
    except BaseException as error:
        with suppress(OSError):  # where this fails too, the first error is the one to raise
            part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None and error.filename in (None, str(part)):
            error.filename = str(path)
        raise
