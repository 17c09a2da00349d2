#!/usr/bin/env bash
# Run a neutral load generator against Ottla and the real Kafka, one after the other, and record both.
#   benches/compare.sh KIT [OUT.md]
# KIT: a folder with bench-broker.sh, run-matrix.sh, summary.py and kafka/kafka (a load generator for any broker that
# speaks Kafka's protocol, and a script that fetches and starts Apache Kafka).
# OUT.md: default benches/results/DATE.md; the raw lines lie beside it as DATE.jsonl.
# Environment: PEERS_ONLY (only labels that match), PEERS_SECONDS, PEERS_JIT, OTTLA_PORT, KAFKA_PORT, SKIP_KAFKA=1.
# The figures move with the machine's noise: read the ratio of the two columns, not the figures.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,9p' "$0"; exit 2; }
kit=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
out=${2:-$here/results/$(date +%F).md}
raw=${out%.md}.jsonl
port=${OTTLA_PORT:-29092} kafka_port=${KAFKA_PORT:-29592}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd "$root" && cargo build -q --release --locked --bin ottla)
target=${CARGO_TARGET_DIR:-$root/target}
export CARGO_TARGET_DIR="$target/loadgen"
mkdir -p "$(dirname "$out")"
: > "$raw"

ottla_args=(start --override "listeners=PLAINTEXT://127.0.0.1:$port" --override "log.dirs=$work/ottla"
  --override offsets.topic.num.partitions=8 --override group.initial.rebalance.delay.ms=0
  --override log.segment.delete.delay.ms=1000)
"$kit/bench-broker.sh" ottla "127.0.0.1:$port" "$raw" -- "$target/release/ottla" "${ottla_args[@]}"
if [ -z "${SKIP_KAFKA:-}" ]; then
  "$kit/kafka/kafka" format "$work/kafka" "$kafka_port"
  "$kit/bench-broker.sh" kafka "127.0.0.1:$kafka_port" "$raw" -- "$kit/kafka/kafka" run-broker "$work/kafka" "$kafka_port"
fi

{
  echo "# Ottla beside Apache Kafka, $(date +%F)"
  echo
  echo "Machine: $(nproc) cores, $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), $(free -g | awk '/Mem/{print $2}') GB, Linux $(uname -r)."
  echo "Commit: $(git -C "$root" rev-parse --short HEAD). Load generator and broker share the machine; each row is measured for ${PEERS_SECONDS:-5} s."
  echo "Command: \`benches/compare.sh KIT\`. Raw lines: \`$(basename "$raw")\`."
  echo
  grep '"broker_name":"ottla"\|"broker":"ottla"' "$raw" > "$work/a.jsonl" || true
  grep '"broker_name":"kafka"\|"broker":"kafka"' "$raw" > "$work/b.jsonl" || true
  if [ -s "$work/b.jsonl" ]; then "$kit/summary.py" "$work/a.jsonl" "$work/b.jsonl"; else "$kit/summary.py" "$raw"; fi
} > "$out"
echo "wrote $out"
