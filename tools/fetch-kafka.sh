#!/usr/bin/env bash
# Puts the jars of the Kafka broker that tests start (tests/support/kafka/pom.xml) into
# build/kafka/jars. Where Maven cannot fetch them it says so and succeeds: those tests are then
# skipped, and say so too. Touches nothing when the jars of this pom are there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

pom=tests/support/kafka/pom.xml
folder=build/kafka
stamp=$folder/pom.sha256
[[ -d $folder/jars && -f $stamp ]] && sha256sum --check --status "$stamp" && exit 0

mkdir -p "$folder"
rm -rf "$folder/jars" "$folder/new" "$stamp"
echo "fetch-kafka: fetching the jars of Apache Kafka with Maven"
if ! mvn --batch-mode --quiet --file "$pom" dependency:copy-dependencies \
  -DincludeScope=runtime "-DoutputDirectory=$PWD/$folder/new" >"$folder/maven.log" 2>&1; then
  tail -n 5 "$folder/maven.log" >&2
  echo "fetch-kafka: no jars ($folder/maven.log): the tests with a Kafka broker will be SKIPPED" >&2
  exit 0
fi
mv "$folder/new" "$folder/jars"
sha256sum "$pom" >"$stamp"
