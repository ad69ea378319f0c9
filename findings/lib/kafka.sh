# Sourced by the findings that run Apache Kafka 4.3.1 itself: RAFTLOG_PEERS names a folder with it in kafka/.
# start_kafka [PACKAGE...]: makes the folder $work, which is removed at the end, installs npm packages there, and starts a broker at $bootstrap.
# kafka_tool NAME ARGUMENT...: one of Kafka's tools against that broker.

start_kafka() {
  local tool
  [[ -e ${RAFTLOG_PEERS:-}/kafka/libs/kafka-clients-4.3.1.jar ]] || { echo "RAFTLOG_PEERS does not name a folder with Apache Kafka 4.3.1 in kafka/" >&2; exit 2; }
  for tool in java ${1:+npm}; do
    command -v "$tool" >/dev/null || { echo "no $tool on PATH: install Node.js and a JRE (Debian's openjdk-17-jre-headless)" >&2; exit 2; }
  done
  kafka=$RAFTLOG_PEERS/kafka/kafka
  work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
  trap '"$kafka" down "$work/kafka"; rm -rf "$work"' EXIT
  [[ $# -eq 0 ]] || npm install --prefix "$work" "$@" --no-audit --no-fund --loglevel=error >/dev/null
  local port=$((21000 + RANDOM % 10000))
  bootstrap=127.0.0.1:$port
  "$kafka" up "$work/kafka" --port "$port" >/dev/null
}

kafka_tool() { "$kafka" tool "$1" --bootstrap-server "$bootstrap" "${@:2}"; }
