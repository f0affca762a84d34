#!/usr/bin/env bash
# Sources the completion and asks it, as a shell would. Usage: tests/tools/completion_test.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tools/completion/kcloud-logger.bash
source tools/completion/kcloud-logger.bash

failures=0

# expect WANT WORD…: completing the last WORD offers WANT among others (or nothing, for an empty WANT).
expect() {
  local want=$1
  shift
  COMP_WORDS=(kcloud-logger "$@")
  COMP_CWORD=$#
  COMPREPLY=()
  _kcloud_logger
  if [[ -z $want && ${#COMPREPLY[@]} -eq 0 ]]; then return; fi
  if [[ -n $want && " ${COMPREPLY[*]} " == *" $want "* ]]; then return; fi
  echo "completing '$*': wanted '$want', got '${COMPREPLY[*]}'"
  failures=$((failures + 1))
}

expect run ""
expect demo de
expect --data-dir run --d
expect --ca tail --c
expect --rate demo --url http://localhost:8007 --r
expect "" demo --rate ""
expect scheduling_decision tail --type sched
expect --last tail --l
expect --restart import --re
expect tests import te
expect --received-until export --received-
expect zstd export --compress z
expect check journal ""
expect drop cursors ""
expect --online check --o
expect --detach replay --d
expect event replay --time e
expect audit report ""
expect --time-range report audit --time
expect html report audit --format h
expect ko report audit --lang k
expect pause collectors ""
expect new-chain audit ""
expect --after audit new-chain --a
expect --heads audit verify --h
expect --url collectors pause bus --u
expect --json collectors ls --j
expect check rules ""
expect --coverage rules test --c
expect --since rules backtest rules/defaults --s
expect rules/defaults/cost_test.yaml rules test rules/defaults/cost_
expect json rules check --format ""
expect --config rules check --c
expect rules/defaults/cost.yaml rules check rules/defaults/co
expect config run --config con
expect top t
expect --once top --o
expect 1s top --interval ""
expect --per-day demo --days 7 --p
expect config demo --days 7 --output con
expect "" version ""

complete -p kcloud-logger | grep -q _kcloud_logger
exit "$((failures > 0))"
