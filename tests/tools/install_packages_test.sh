#!/usr/bin/env bash
# tools/install-packages.sh with stand-ins for dpkg-query and the package manager: what it asks for,
# and that it asks for nothing when nothing is missing.
# shellcheck disable=SC2016 # the stand-ins expand their own variables
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
failures=0

stand_in() {
  cat >"$bin/$1"
  chmod +x "$bin/$1"
}

# run WANT_STATUS WANT_TEXT ARGUMENT…
run() {
  local want_status=$1 want_text=$2 status=0 output
  shift 2
  output=$(PATH="$bin:$PATH" tools/install-packages.sh "$@" 2>&1) || status=$?
  if [[ $status -ne $want_status || $output != *"$want_text"* ]]; then
    echo "install-packages $*: wanted $want_status '$want_text', got $status '$output'"
    failures=$((failures + 1))
  fi
}

stand_in apt-get <<<'#!/bin/sh
echo "apt-get must not run" >&2; exit 9'
stand_in dpkg-query <<<'#!/bin/sh
echo installed'
run 0 "" build test lint
run 1 "unknown list 'everything'" everything

# A user without rights and without sudo is told what to do.
stand_in id <<<'#!/bin/sh
echo 1000'
stand_in dpkg-query <<<'#!/bin/sh
[ "$4" = shellcheck ] || [ "$3" = shellcheck ] && exit 1
echo installed'
if ! command -v sudo >/dev/null; then
  run 1 "apt-get install --no-install-recommends shellcheck" lint
fi

# With sudo, only what is missing is installed, without recommendations or questions.
stand_in sudo <<<'#!/bin/sh
case "$1" in
  env) shift; echo "ran: $*" ;;
  tee) cat >/dev/null ;;
esac'
run 0 "apt-get -q -o DPkg::Lock::Timeout=120 install --yes --no-install-recommends shellcheck" lint
run 0 "DEBIAN_FRONTEND=noninteractive" lint
exit "$((failures > 0))"
