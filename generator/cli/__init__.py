"""The program's commands, and what they print. No other room prints or exits."""

import os as _os

_EPOCH = _os.environ.get("SOURCE_DATE_EPOCH")
# Before anything is imported: NumPy reads the variable too, and fails where it is no number.
if _EPOCH is not None and not _EPOCH.strip():
    del _os.environ["SOURCE_DATE_EPOCH"]
elif _EPOCH is not None and not (_EPOCH.strip().isascii() and _EPOCH.strip().isdigit() and int(_EPOCH) < 7_258_118_400):
    raise SystemExit(
        f"error: SOURCE_DATE_EPOCH is '{_EPOCH[:40]}', and no number of seconds since 1970 before 2200. "
        "Give it one, or unset it."
    )
