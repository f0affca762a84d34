#!/usr/bin/env bash
# Keeps the rules of docs/architecture.md: folders are floors, a floor includes only lower floors,
# siblings on floor 2 never include each other, a third-party header stays inside its folder.
# Usage: tests/floors_test.sh [ROOT]. Lists every breach; exit 1 when there is one.
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"

floors=(core config rollups collectors exporters rules agent)
# Every include of the product's sources: path:line:#include <…> or "…"
includes=$(for floor in "${floors[@]}"; do
  [[ ! -d $floor ]] || grep -rnE --include='*.h' --include='*.cpp' '^ *#include' "$floor" || true
done)

breaches=$(awk '
  # Which of the project'"'"'s folders a file in `path` may include.
  function allowed(path, target,    own) {
    if (target ~ /^core\//) return 1
    if (path ~ /^core\//) return 0
    if (target ~ /^config\//) return 1
    if (path ~ /^config\//) return 0
    if (target ~ /^rollups\//) return 1
    if (path ~ /^rollups\//) return 0
    if (path ~ /^agent\//) return target ~ /^(agent|collectors|exporters|rules)\//
    if (path ~ /^rules\//) return target ~ /^rules\//
    match(path, /^[^\/]+\/[^\/]+\//)
    own = substr(path, 1, RLENGTH)
    if (index(target, own) == 1) return 1
    return path ~ /^exporters\// && target ~ /^exporters\/http_client\//
  }
  BEGIN {
    # Header pattern -> the places that may include it.
    home["^sqlite3\\.h$"] = "^agent/journal/"
    home["^curl/"] = "^exporters/http_client/"
    home["^yaml-cpp/"] = "^config/[^/]*\\.cpp$"
    home["^simdjson"] = "^core/"
    home["^date/"] = "^core/[^/]*\\.cpp$"
    home["^boost/"] = "^agent/(http|api)/"
    home["^openssl/"] = "^(core|collectors/webhook|agent/(http|api|audit))/"
    home["^zlib\\.h$"] = "^(agent/cli|collectors/(file|webhook))/"
    home["^libdeflate"] = "^exporters/http_client/"
    home["^zstd"] = "^(agent/cli|collectors/webhook)/"
    home["^prometheus/"] = "^agent/(api|metrics)/"
    home["^CLI/"] = "^agent/(cli/|command_options\\.(h|cpp)$|main\\.cpp$)"
    home["^libpq-fe"] = "^exporters/postgres/"
    home["^hiredis"] = "^collectors/redis/"
    home["^librdkafka"] = "^collectors/kafka/"
    home["^re2/"] = "^rules/"
    home["^spdlog/"] = "^(agent|collectors|exporters)/"
  }
  {
    split($0, part, ":")
    path = part[1]
    if (match($0, /[<"][^>"]+[>"]/) == 0) next
    quote = substr($0, RSTART, 1)
    target = substr($0, RSTART + 1, RLENGTH - 2)
    if (quote == "\"") {
      if (!allowed(path, target)) print path ":" part[2] ": must not include \"" target "\""
      next
    }
    for (pattern in home)
      if (target ~ pattern && path !~ home[pattern])
        print path ":" part[2] ": <" target "> belongs in " home[pattern]
  }' <<<"$includes")

if [[ -n $breaches ]]; then
  echo "$breaches"
  exit 1
fi
