#!/usr/bin/env bash
# Puts the OpenSearch that tests start (tests/support/opensearch/pom.xml) into build/opensearch/home.
# Where Maven cannot fetch it, it says so and succeeds: those tests are then skipped, and say so too.
# A file that is not the pinned one fails. Touches nothing when the server of this pom is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pom=tests/support/opensearch/pom.xml
checksum=af7152d8b7f6f1cee09d47276b32b70479fe6dd8cdbb61213f84eb7f8098b261
folder=build/opensearch
stamp=$folder/pom.sha256
[[ -d $folder/home && -f $stamp ]] && sha256sum --check --status "$stamp" && exit 0

mkdir -p "$folder"
rm -rf "${folder:?}/home" "$folder/new" "$stamp"
echo "fetch-opensearch: fetching OpenSearch with Maven"
if ! mvn --batch-mode --quiet --file "$pom" dependency:copy-dependencies \
  "-DoutputDirectory=$PWD/$folder/new" >"$folder/maven.log" 2>&1; then
  tail -n 5 "$folder/maven.log" >&2
  echo "fetch-opensearch: no server ($folder/maven.log): the tests with OpenSearch will be SKIPPED" >&2
  exit 0
fi
archive=$(echo "$folder"/new/opensearch-*.zip)
if ! echo "$checksum  $archive" | sha256sum --check --status; then
  echo "fetch-opensearch: $archive has not the SHA-256 $checksum" >&2
  exit 1
fi
python3 -m zipfile -e "$archive" "$folder/new"
mv "${archive%.zip}" "$folder/home"
rm -rf "$folder/new"
sha256sum "$pom" >"$stamp"
