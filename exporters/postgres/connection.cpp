#include "exporters/postgres/connection.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>

namespace kcloud::postgres {
namespace {

using std::chrono::milliseconds;

// Without the newline at its end and the lines after the first, which may quote data.
std::string first_line(const char* text) {
  const std::string_view all(text == nullptr ? "" : text);
  return std::string(all.substr(0, all.find('\n')));
}

PGconn* start(const Config& config) {
  std::array<const char*, 7> keys{"dbname", "client_encoding", "fallback_application_name"};
  std::array<const char*, 7> values{config.url.c_str(), "UTF8", "kcloud-logger"};
  if (!config.password.empty()) {
    keys[3] = "password";
    values[3] = config.password.value.c_str();
  }
  return PQconnectStartParams(keys.data(), values.data(), 1);
}

Error error_of(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string message =
      first_line(primary != nullptr ? primary : PQresultErrorMessage(result));
  return {state != nullptr ? state : "08006",
          fmt::format("{} (SQLSTATE {})", message, state != nullptr ? state : "08006")};
}

// Parameters as libpq takes them; they outlive it.
struct Sent {
  explicit Sent(const std::vector<Parameter>& parameters) : binary(parameters.size(), 1) {
    for (const auto& given : parameters) {
      types.push_back(given.type);
      values.push_back(given.value.data());
      sizes.push_back(static_cast<int>(given.value.size()));
    }
  }
  int size() const { return static_cast<int>(types.size()); }
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> sizes, binary;
};

std::uint32_t array_oid(Type type) {
  switch (type) {
    case Type::kBoolean:
      return 1000;
    case Type::kBytes:
      return 1001;
    case Type::kBigint:
      return 1016;
    case Type::kText:
      return 1009;
    case Type::kReal:
      return 1022;
    case Type::kDate:
      return 1182;
    case Type::kTimestamp:
      return 1185;
    case Type::kUuid:
      return 2951;
  }
  return 0;
}

}  // namespace

Parameter parameter(Type type, std::string value) {
  return {static_cast<std::uint32_t>(type), std::move(value)};
}

Parameter array_parameter(Type type, const std::vector<std::string>& values) {
  return {array_oid(type), binary_array(type, values)};
}

ArrayBuilder::ArrayBuilder(Type type, std::size_t size)
    : array_(array_oid(type)), out_(array_header(type, size)) {}

Connection::Connection(const Config& config, int stop_fd)
    : connection_(start(config), PQfinish),
      stop_fd_(stop_fd),
      // The server ends a statement first; this is for a server that no longer answers.
      patience_(config.statement_timeout + milliseconds(5'000)) {
  connect(std::chrono::steady_clock::now() + config.connect_timeout);
  PQsetnonblocking(connection_.get(), 1);
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  // The server notices a client that left in the middle of a statement. The schema's name was
  // checked when it was read.
  script(
      fmt::format("SET search_path = \"{}\", pg_temp; SET statement_timeout = {}; "
                  "SET client_connection_check_interval = 1000; SET datestyle = ISO; "
                  "SET timezone = 'UTC'; SET synchronous_commit = on",
                  config.schema, config.statement_timeout.count()));
}

void Connection::connect(Deadline deadline) {
  if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) fail();
  for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;) {
    if (next == PGRES_POLLING_FAILED) {
      const std::string message = first_line(PQerrorMessage(connection_.get()));
      // libpq keeps no SQLSTATE of a refused login; the words of the server tell it.
      const bool refused = message.find("authentication") != std::string::npos ||
                           message.find("role \"") != std::string::npos ||
                           message.find("no password") != std::string::npos ||
                           message.find("pg_hba") != std::string::npos;
      const bool no_database = message.find("database \"") != std::string::npos &&
                               message.find("does not exist") != std::string::npos;
      throw Error(refused ? "28000" : no_database ? "3D000" : "08001", message);
    }
    wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
    next = PQconnectPoll(connection_.get());
  }
}

void Connection::wait(short events, Deadline deadline) {
  std::array<pollfd, 2> watched{pollfd{PQsocket(connection_.get()), events, 0},
                                pollfd{stop_fd_, POLLIN, 0}};
  const auto left =
      std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  const int ready =
      ::poll(watched.data(), watched.size(), static_cast<int>(std::max<long long>(0, left)));
  if ((watched[1].revents & POLLIN) != 0) throw Error("57014", "the agent stops");
  if (ready == 0) throw Error("08006", "the server did not answer in time");
}

void Connection::flush(Deadline deadline) {
  for (int left = PQflush(connection_.get()); left != 0; left = PQflush(connection_.get())) {
    if (left < 0) fail();
    wait(POLLIN | POLLOUT, deadline);
    if (PQconsumeInput(connection_.get()) == 0) fail();
  }
}

void Connection::wait_for_result(Deadline deadline) {
  flush(deadline);
  while (PQisBusy(connection_.get()) != 0) {
    wait(POLLIN, deadline);
    if (PQconsumeInput(connection_.get()) == 0) fail();
  }
}

// The last of them, after all were read; the first error wins.
Result Connection::last_result(Deadline deadline) {
  Result last(nullptr);
  for (bool failed = false;;) {
    wait_for_result(deadline);
    Result next(PQgetResult(connection_.get()));
    if (next.get() == nullptr) break;
    const bool copying = next.status() == PGRES_COPY_IN;
    if (!failed) last = std::move(next);
    failed = failed || last.status() == PGRES_FATAL_ERROR;
    if (copying) break;
  }
  if (last.get() == nullptr) fail();
  if (last.status() == PGRES_FATAL_ERROR) throw error_of(last.get());
  return last;
}

Result Connection::run(const std::string& statement, const std::vector<Parameter>& parameters) {
  const Sent sent(parameters);
  if (PQsendQueryParams(connection_.get(), statement.c_str(), sent.size(), sent.types.data(),
                        sent.values.data(), sent.sizes.data(), sent.binary.data(), 1) == 0)
    fail();
  return last_result(deadline());
}

Result Connection::run_prepared(const std::string& statement,
                                const std::vector<Parameter>& parameters) {
  const Sent sent(parameters);
  auto name = prepared_.find(statement);
  if (name == prepared_.end()) {
    const auto next = fmt::format("kcloud_{}", prepared_.size());
    if (PQsendPrepare(connection_.get(), next.c_str(), statement.c_str(), sent.size(),
                      sent.types.data()) == 0)
      fail();
    last_result(deadline());
    name = prepared_.emplace(statement, next).first;
  }
  if (PQsendQueryPrepared(connection_.get(), name->second.c_str(), sent.size(), sent.values.data(),
                          sent.sizes.data(), sent.binary.data(), 1) == 0)
    fail();
  return last_result(deadline());
}

void Connection::script(const std::string& statements) {
  if (PQsendQuery(connection_.get(), statements.c_str()) == 0) fail();
  last_result(deadline());
}

void Connection::copy(const std::string& statement, const std::function<std::string_view()>& next) {
  const auto until = deadline();
  if (PQsendQuery(connection_.get(), statement.c_str()) == 0) fail();
  last_result(until);
  for (auto data = next(); !data.empty(); data = next()) {
    while (true) {
      const int put = PQputCopyData(connection_.get(), data.data(), static_cast<int>(data.size()));
      if (put < 0) fail();
      flush(until);
      if (put > 0) break;
    }
  }
  while (PQputCopyEnd(connection_.get(), nullptr) == 0) flush(until);
  last_result(until);
}

std::string Connection::setting(const char* name) const {
  const char* value = PQparameterStatus(connection_.get(), name);
  return value == nullptr ? "" : value;
}

Connection::Deadline Connection::deadline() const {
  return std::chrono::steady_clock::now() + patience_;
}

void Connection::fail() const {
  const std::string message = connection_ ? first_line(PQerrorMessage(connection_.get())) : "";
  throw Error("08006", message.empty() ? "the connection to the server broke" : message);
}

}  // namespace kcloud::postgres
