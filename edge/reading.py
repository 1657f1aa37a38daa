# SPDX-License-Identifier: Apache-2.0
"""Reading: a card that fails for a moment is not taken for a mistake of whoever set the unit up.

A wrong setting and a broken model keep the service down until somebody comes, since they do not mend themselves. A read
that the card refuses (EIO and its like) may well succeed a second later: it ends with the code that is tried again.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import CardError

LASTING = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL)
"""What the kernel answers to a path that leads to no file which we may read, today and tomorrow. Anything else may be over the next time."""


def content_of(path: Path, most: int = -1) -> bytes:
    """The first `most` bytes of a file, or all of it. Pipes and devices are refused unopened: one may never begin (a pipe that nobody
    writes to), the other never end (/dev/zero).

    Raises:
        OSError: it is no file, or cannot be read.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a folder is told as the system tells it
        raise OSError(errno.EINVAL, "it is a device or a pipe, expected a file", str(path))
    with path.open("rb") as file:
        return file.read(most)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Around whatever reads something that the unit needs; `what` it is begins what is said. Lasting refusals pass as they are.

    Raises:
        CardError: the system refuses in a way that may be over the next time; also a library that it cannot read.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or error.errno in LASTING:
            raise
        raise CardError(f"{what}: cannot be read just now ({error.strerror}).") from error
    except ImportError as error:  # the loader of libraries says in words what the kernel answered
        if os.strerror(errno.EIO) not in str(error):
            raise
        raise CardError(f"{what}: cannot be read just now ({error}).") from error
