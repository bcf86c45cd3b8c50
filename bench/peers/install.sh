#!/bin/sh
# Makes a Python environment for each peer, or for those named: bench/peers/install.sh [fastapi litserve …]
# One each, because their requirements contradict each other. The benchmark finds them by their place.
set -eu
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- fastapi litserve mlserver bentoml ray torchserve
for peer in "$@"; do
  "${PYTHON:-python3}" -m venv ".venv/$peer"
  ".venv/$peer/bin/python" -m pip install --quiet --requirement "requirements/$peer.txt"
done
