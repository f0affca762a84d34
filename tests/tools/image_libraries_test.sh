#!/usr/bin/env bash
# The packages of the shared libraries that the binary asks for are those that the image installs.
# Usage: image_libraries_test.sh BINARY
set -euo pipefail
binary=$1
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v dpkg-query >/dev/null || exit 77

# In every image that has apt.
base=" libc6 libgcc-s1 libstdc++6 "
missing=0
while read -r name; do
  path=$(ldd "$binary" | awk -v name="$name" '$1 == name {print $3}')
  package=$(dpkg-query --search "$(readlink -f "$path")" "$path" 2>/dev/null | head -n 1 | cut -d: -f1 || true)
  [[ $base == *" $package "* ]] && continue
  if ! grep -qw -- "$package" deployment/Dockerfile; then
    echo "deployment/Dockerfile does not install $package ($name)"
    missing=1
  fi
done < <(objdump -p "$binary" | awk '$1 == "NEEDED" {print $2}')
exit "$missing"
