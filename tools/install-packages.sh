#!/usr/bin/env bash
# Installs the Debian packages of the named lists (tools/packages-<list>.txt) that are missing.
# Usage: tools/install-packages.sh [build|test|lint]…   (default: build)
# Touches neither apt nor the network when nothing is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() {
  echo "install-packages: $*" >&2
  exit 1
}

installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

[[ $# -gt 0 ]] || set -- build
missing=()
wanted=()
for list in "$@"; do
  file=$here/packages-$list.txt
  [[ -f $file ]] || fail "unknown list '$list': use build, test or lint"
  mapfile -t -O "${#wanted[@]}" wanted <"$file"
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  fail "this is neither Debian nor Ubuntu; install these yourself and call cmake directly: ${wanted[*]}"
fi
for package in "${wanted[@]}"; do
  installed "$package" || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null ||
    fail "missing packages, and neither root nor sudo to install them. As root: apt-get install --no-install-recommends ${missing[*]}"
  as_root=(sudo)
fi

# invoke-rc.d asks this file before it starts a service; 101 means no. Database packages are
# installed for their programs: the tests start their own instances.
policy=/usr/sbin/policy-rc.d
made_policy=no
remove_policy() {
  if [[ $made_policy == yes ]]; then
    "${as_root[@]}" rm -f "$policy"
  fi
}
trap remove_policy EXIT
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  made_policy=yes
  "${as_root[@]}" chmod 755 "$policy"
fi

echo "install-packages: installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o "DPkg::Lock::Timeout=120")
"${apt[@]}" update
"${apt[@]}" install --yes --no-install-recommends "${missing[@]}" ||
  fail "apt-get could not install: ${missing[*]}"

for service in influxdb nginx prometheus-alertmanager redis-server victoria-metrics; do
  if [[ " ${missing[*]} " == *" $service "* && -d /run/systemd/system ]]; then
    "${as_root[@]}" systemctl disable --now "$service" >/dev/null 2>&1 || true
  fi
done
