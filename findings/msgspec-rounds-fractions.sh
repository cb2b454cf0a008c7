#!/usr/bin/env bash
# msgspec 0.22.0 reads RFC 3339 times of any precision. One would guess that digits past the microsecond are cut off, as
# Python's own datetime.fromisoformat does. They are rounded: .NET writes seven digits ("o" format), its last tick of a year
# becomes the first moment of the next one, and DateTime.MaxValue, which stands for "for ever", is refused as malformed.
# Seen: 2026-12-31T23:59:59.9999999Z -> 2027-01-01 00:00:00+00:00; 9999-12-31T23:59:59.9999999Z -> ValidationError.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.22.0
"$folder/venv/bin/python" - <<'PY'
import sys
from datetime import datetime

import msgspec


def read(text):
    try:
        return str(msgspec.json.decode(f'"{text}"', type=datetime))
    except msgspec.ValidationError as error:
        return f"ValidationError: {error}"


last, greatest = "2026-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"
for text in (last, greatest):
    print(f"msgspec {msgspec.__version__}: {text} -> {read(text)}; datetime: {datetime.fromisoformat(text)}")
sys.exit(read(last) != "2027-01-01 00:00:00+00:00" or not read(greatest).startswith("ValidationError"))
PY
