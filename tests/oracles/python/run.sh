#!/usr/bin/env bash
# What others make of the clinic API's description and metrics. Python's packages go to target/.
set -euo pipefail
cd "$(dirname "$0")/../../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
here=tests/oracles/python
venv=$target/oracles

[ -x "$target/debug/clinic-server" ] || cargo build -p clinic-server
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$venv/"
fi
"$venv/bin/python" "$here/operations.py" "$target/debug/clinic-server"
