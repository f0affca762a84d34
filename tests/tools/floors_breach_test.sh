#!/usr/bin/env bash
# The floors check finds each kind of breach that it promises to find, and nothing in a clean tree.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# case NAME FILE INCLUDE WANT: a tree whose only file FILE holds INCLUDE is clean (ok) or not (breach).
try() {
  local file=$1 include=$2 want=$3 got=ok
  rm -rf "${tree:?}"/*
  mkdir -p "$(dirname "$tree/$file")"
  echo "#include $include" >"$tree/$file"
  tests/floors_test.sh "$tree" >/dev/null || got=breach
  if [[ $got != "$want" ]]; then
    echo "$file including $include: wanted $want, got $got"
    failures=$((failures + 1))
  fi
}

try core/a.cpp '"core/event.h"' ok
try core/a.cpp '"config/config.h"' breach
try config/a.cpp '"exporters/influxdb/config.h"' breach
try exporters/influxdb/a.cpp '"exporters/http_client/client.h"' ok
try exporters/influxdb/a.cpp '"exporters/postgres/writer.h"' breach
try exporters/influxdb/a.cpp '"agent/journal/journal.h"' breach
try collectors/redis/a.cpp '"exporters/http_client/client.h"' breach
try rules/a.cpp '"agent/journal/journal.h"' breach
try agent/cli/a.cpp '"exporters/http_client/client.h"' ok
try agent/main.cpp '"bench/store/store.h"' breach
try agent/journal/a.cpp '<sqlite3.h>' ok
try agent/api/a.cpp '<sqlite3.h>' breach
try agent/api/a.cpp '<simdjson.h>' breach
try agent/cli/a.cpp '<curl/curl.h>' breach
try config/a.h '<yaml-cpp/yaml.h>' breach
try rules/a.cpp '<re2/re2.h>' ok
try agent/api/a.cpp '<re2/re2.h>' breach
try agent/delivery/a.cpp '<boost/asio.hpp>' breach
exit "$((failures > 0))"
