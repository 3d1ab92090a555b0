#!/bin/bash
# conform.sh WSECHO OUTDIR TABLE : every case of the Autobahn test suite against WSECHO.
# OUTDIR gets the suite's own report (index.html, index.json, two files a case), TABLE the same in short, as markdown.
# Exit 0 only when all 517 cases ran and each is as verdict.py wants it.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
WSECHO=${1:?usage: conform.sh WSECHO OUTDIR TABLE}
OUTDIR=${2:?usage: conform.sh WSECHO OUTDIR TABLE}
TABLE=${3:?usage: conform.sh WSECHO OUTDIR TABLE}

rm -rf "$OUTDIR"
mkdir -p "$OUTDIR"
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
LOG=$OUTDIR/server.log
"$HERE/serve.sh" "$PORT" "$OUTDIR" > "$LOG" 2>&1 &
SERVER=$!
trap 'kill "$SERVER" 2>/dev/null || true' EXIT

for _ in $(seq 600); do
  if (exec 3<> "/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then break; fi
  kill -0 "$SERVER" 2>/dev/null || { cat "$LOG" >&2; echo "conform: the fuzzing server ended" >&2; exit 1; }
  sleep 0.1
done

"$WSECHO" "ws://127.0.0.1:$PORT" --autobahn wsecho
if grep HARNESS-ERROR "$LOG" >&2; then
  echo "conform: an error inside the test suite itself (above)" >&2
  exit 1
fi
python3 "$HERE/verdict.py" "$OUTDIR/index.json" wsecho "$TABLE"
echo "conform: the report is $OUTDIR/index.html"
