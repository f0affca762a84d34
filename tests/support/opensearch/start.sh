#!/usr/bin/env bash
# Becomes a real OpenSearch on a loopback port, its data in DIRECTORY (kept from one start to the
# next). As root it runs as `nobody`, as it refuses root: so it runs from a copy that `nobody` can
# read. Usage: start.sh DIRECTORY 127.0.0.1:PORT [NAME=VALUE…]: settings of opensearch.yml.
set -euo pipefail
built=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)/build/opensearch/home
directory=$1 port=${2##*:}
shift 2

home=$directory/home
if [[ ! -d $home ]]; then
  mkdir -p "$home/config" "$home/plugins" "$directory/tmp"
  cp -r --reflink=auto "$built/lib" "$built/modules" "$home"
  : >"$home/config/opensearch.yml"
  cat >"$home/config/log4j2.properties" <<'PROPERTIES'
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%p][%c{1}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
PROPERTIES
fi

as_user=()
if [[ $EUID -eq 0 ]]; then
  chown -R nobody "$directory"
  as_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups --pdeathsig=KILL)
fi
cd "$directory"
exec "${as_user[@]}" java -Xms320m -Xmx320m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  "-Djava.io.tmpdir=$directory/tmp" -Djava.awt.headless=true -Dfile.encoding=UTF-8 \
  -Dio.netty.noUnsafe=true -Dio.netty.noKeySetOptimization=true -Dlog4j2.disable.jmx=true \
  -Djava.util.concurrent.ForkJoinPool.common.threadFactory=org.opensearch.secure_sm.SecuredForkJoinWorkerThreadFactory \
  "-Dopensearch.path.home=$home" "-Dopensearch.path.conf=$home/config" \
  -Dopensearch.distribution.type=zip -Dopensearch.bundled_jdk=false \
  -cp "$home/lib/*" org.opensearch.bootstrap.OpenSearch \
  -Ediscovery.type=single-node -Ehttp.host=127.0.0.1 -Etransport.host=127.0.0.1 \
  "-Ehttp.port=$port" -Etransport.port=0 "-Epath.data=$directory/data" \
  "-Epath.logs=$directory/logs" -Ecluster.routing.allocation.disk.threshold_enabled=false \
  "${@/#/-E}"
