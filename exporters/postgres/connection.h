// A connection to PostgreSQL that a stop can end at any moment: libpq without blocking, waiting on
// its socket and on an eventfd together.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/postgres/binary.h"
#include "exporters/postgres/config.h"

namespace kcloud::postgres {

// What the server said. `state`: SQLSTATE; 08006 when the connection broke, 08001 when there was
// none, 57014 when the agent stops.
struct Error : std::runtime_error {
  Error(std::string sqlstate, const std::string& message)
      : std::runtime_error(message), state(std::move(sqlstate)) {}
  std::string state;
};

class Result {
 public:
  explicit Result(PGresult* result) : result_(result, PQclear) {}
  std::size_t rows() const { return static_cast<std::size_t>(PQntuples(result_.get())); }
  std::string_view value(std::size_t row, int column) const {
    const int at = static_cast<int>(row);
    return {PQgetvalue(result_.get(), at, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), at, column))};
  }
  bool is_null(std::size_t row, int column) const {
    return PQgetisnull(result_.get(), static_cast<int>(row), column) != 0;
  }
  ExecStatusType status() const { return PQresultStatus(result_.get()); }
  const PGresult* get() const { return result_.get(); }

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

struct Parameter {
  std::uint32_t type;  // its oid
  std::string value;   // in binary format
};
Parameter parameter(Type type, std::string value);
Parameter array_parameter(Type type, const std::vector<std::string>& values);

// An array parameter, value by value.
class ArrayBuilder {
 public:
  ArrayBuilder(Type type, std::size_t size);
  void add(std::string_view value) { append_value(out_, value); }  // in binary format
  Parameter parameter() { return {array_, std::move(out_)}; }      // once, after the last

 private:
  std::uint32_t array_;  // its oid
  std::string out_;
};

class Connection {
 public:
  // `stop_fd`: readable from the moment on that everything is to end; -1: nothing ends it. Throws
  // Error.
  Connection(const Config& config, int stop_fd);

  // One statement; its rows in binary format. Throws Error.
  Result run(const std::string& statement, const std::vector<Parameter>& parameters = {});
  // The same, planned once for the connection: of statements that come often.
  Result run_prepared(const std::string& statement, const std::vector<Parameter>& parameters);
  // Statements of the program's own, several at once, without rows.
  void script(const std::string& statements);
  // COPY … FROM STDIN. `next` is asked for data until it gives none; it is made while the server
  // takes what was sent.
  void copy(const std::string& statement, const std::function<std::string_view()>& next);

  int server_version() const { return PQserverVersion(connection_.get()); }
  std::string setting(const char* name) const;

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  void connect(Deadline deadline);
  void wait(short events, Deadline deadline);
  void flush(Deadline deadline);
  void wait_for_result(Deadline deadline);
  Result last_result(Deadline deadline);
  Deadline deadline() const;
  [[noreturn]] void fail() const;

  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
  std::map<std::string, std::string> prepared_;  // names, by statement
  int stop_fd_;
  std::chrono::milliseconds patience_;
};

}  // namespace kcloud::postgres
