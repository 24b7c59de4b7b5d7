"""What readers of binary formats raise on damaged files, beyond errors of their own."""

from __future__ import annotations

import struct
import zipfile
import zlib

# Found by feeding thousands of altered files: the libraries parse first and check late.
DAMAGE: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
