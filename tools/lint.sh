#!/usr/bin/env bash
# Format, static analysis, shell scripts, floors. Usage: tools/lint.sh BUILD_DIR (configured; holds
# compile_commands.json). Runs all parts, then fails when one failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
build_dir=${1:-build/release}
failed=()

part() {
  local name=$1 start=$SECONDS
  shift
  echo "== $name"
  "$@" || failed+=("$name")
  echo "-- $name: $((SECONDS - start)) s"
}

check_format() {
  git ls-files -z -- '*.h' '*.cpp' | xargs -0 clang-format --dry-run -Werror
}

# Headers that the build makes must be there before clang-tidy reads their users.
check_tidy() {
  cmake --build "$build_dir" --target kcloud_generated >/dev/null 2>&1 || true
  tools/tidy.py "$build_dir"
}

check_shell() {
  local scripts=()
  mapfile -t scripts < <(git ls-files | while read -r file; do
    if head -c 64 "$file" | grep -qE '^#!.*\b(ba)?sh\b'; then echo "$file"; fi
  done)
  shellcheck -x "${scripts[@]}" tools/completion/kcloud-logger.bash
}

part "clang-format" check_format
part "clang-tidy" check_tidy
part "shellcheck" check_shell
part "floors" tests/floors_test.sh .

if [[ ${#failed[@]} -gt 0 ]]; then
  echo "lint: failed: ${failed[*]}" >&2
  exit 1
fi
echo "lint: all parts passed in $SECONDS s"
