"""Collectors that do the same work where their program is on the PATH: HTTP in, InfluxDB and PostgreSQL
out, buffered on disk where they can. What they leave out is in docs/performance.md."""

import pathlib
import shutil
from urllib.parse import urlsplit

FLUENT_BIT = """service:
  flush: 1
  log_level: error
  http_server: off
  storage.path: {directory}/storage
  storage.sync: full
pipeline:
  inputs:
    - name: http
      listen: 127.0.0.1
      port: {port}
      tag: events
      storage.type: filesystem
  outputs:
"""
FLUENT_BIT_INFLUXDB = """    - name: influxdb
      match: '*'
      host: 127.0.0.1
      port: {influx}
      database: kcloud
      retry_limit: no_limits
"""
FLUENT_BIT_POSTGRES = """    - name: pgsql
      match: '*'
      host: 127.0.0.1
      port: {postgres.port}
      user: {postgres.username}
      database: {database}
      table: peer
      retry_limit: no_limits
"""

TELEGRAF = """[agent]
  flush_interval = "1s"
  metric_buffer_limit = 2000000
  quiet = true
[[inputs.http_listener_v2]]
  service_address = "127.0.0.1:{port}"
  paths = ["/events"]
  data_format = "json"
  json_name_key = "event_type"
  tag_keys = ["scheduler", "cluster"]
"""
TELEGRAF_INFLUXDB = """[[outputs.influxdb]]
  urls = ["http://127.0.0.1:{influx}"]
  database = "kcloud"
  skip_database_creation = true
"""
TELEGRAF_POSTGRES = """[[outputs.postgresql]]
  connection = "{url}"
"""

VECTOR = """data_dir: {directory}
sources:
  in:
    type: http_server
    address: 127.0.0.1:{port}
    path: /events
    decoding: {{codec: json}}
sinks:
"""
VECTOR_INFLUXDB = """  influx:
    type: influxdb_logs
    inputs: [in]
    endpoint: http://127.0.0.1:{influx}
    database: kcloud
    measurement: events
    buffer: {{type: disk, max_size: 1073741824}}
    acknowledgements: {{enabled: true}}
"""
VECTOR_POSTGRES = """  ledger:
    type: postgres
    inputs: [in]
    endpoint: {url}
    table: peer
    buffer: {{type: disk, max_size: 1073741824}}
    acknowledgements: {{enabled: true}}
"""

# Program, file, its option, parts of the file: always, with InfluxDB, with PostgreSQL.
PEERS = (("fluent-bit", "fluent-bit.yaml", "--config", FLUENT_BIT, FLUENT_BIT_INFLUXDB, FLUENT_BIT_POSTGRES),
         ("telegraf", "telegraf.conf", "--config", TELEGRAF, TELEGRAF_INFLUXDB, TELEGRAF_POSTGRES),
         ("vector", "vector.yaml", "--config", VECTOR, VECTOR_INFLUXDB, VECTOR_POSTGRES))

TABLES = ("CREATE TABLE public.peer (tag text, time timestamp, data jsonb)",)  # Fluent Bit's columns


def found():
    """Names of those that are there."""
    return [name for name, *_ in PEERS if shutil.which(name)]


def command(name, directory, port, influx=None, postgres_url=None):
    """The command that runs the peer with its configuration in `directory`. Ports of 127.0.0.1."""
    _, file, option, always, with_influx, with_postgres = next(one for one in PEERS if one[0] == name)
    text = always + (with_influx if influx else "") + (with_postgres if postgres_url else "")
    parts = urlsplit(postgres_url or "postgresql://")
    path = pathlib.Path(directory) / file
    path.write_text(text.format(directory=directory, port=port, influx=influx, postgres=parts,
                                database=parts.path.lstrip("/"), url=postgres_url), "utf-8")
    return [shutil.which(name), option, str(path)]
