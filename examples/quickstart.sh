#!/usr/bin/env bash
# Build the broker, start it, and let a stock Kafka client (kafka-python, from PyPI) use it: create a topic, produce,
# consume in a group, kill -9 the broker, start it again on the same directory, and read everything once more.
#   examples/quickstart.sh            cleans up when it is done
#   examples/quickstart.sh --keep     leaves the broker running on port 9092 until ctrl-C
set -euo pipefail
cd "$(dirname "$0")/.."
port=0
[ "${1:-}" = --keep ] && port=9092
target=${CARGO_TARGET_DIR:-target}

command -v cargo >/dev/null || { echo "quickstart: install Rust first (rustup)" >&2; exit 1; }
command -v python3 >/dev/null || { echo "quickstart: install python3 and python3-venv" >&2; exit 1; }
cargo build --release --locked --bin ottla
venv=$target/quickstart-venv
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import kafka' 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check kafka-python
fi

work=$(mktemp -d)
broker=
stop() {
  [ -z "$broker" ] || kill "$broker" 2>/dev/null || true
  [ -z "$broker" ] || wait "$broker" 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT
start() {
  rm -f "$work/port"
  "$target/release/ottla" start --port-file "$work/port" \
    --override "listeners=PLAINTEXT://127.0.0.1:$port" --override "log.dirs=$work/data" \
    --override group.initial.rebalance.delay.ms=0 &
  broker=$!
  until [ -s "$work/port" ]; do
    kill -0 "$broker" 2>/dev/null || { echo "quickstart: the broker ended" >&2; exit 1; }
    sleep 0.05
  done
  address=$(sed -n '1s,^.*[ /],,p' "$work/port")
}

start
echo "--- a stock client creates a topic, produces 1,000 records with acks=all, and consumes them in a group"
"$venv/bin/python" examples/quickstart.py write "$address"
echo "--- kill -9, and start again on the same directory"
kill -9 "$broker"; wait "$broker" 2>/dev/null || true
start
"$venv/bin/python" examples/quickstart.py read "$address"
if [ "$port" != 0 ]; then
  echo "--- the broker serves $address; ctrl-C ends it"
  wait "$broker"
fi
