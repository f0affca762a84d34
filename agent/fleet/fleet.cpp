#include "agent/fleet/fleet.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <stdexcept>

#include "agent/fleet/event_table.h"
#include "agent/fleet/rollup_source.h"
#include "exporters/postgres/connection.h"
#include "exporters/postgres/schema.h"

namespace kcloud::fleet {
namespace {

postgres::Config database_of(const config::QueryConfig& config) {
  postgres::Config database;
  database.url = config.url;
  database.password = config.password;
  database.schema = config.schema;
  database.migrate = false;
  database.connect_timeout = config.connect_timeout;
  database.statement_timeout = config.statement_timeout;
  return database;
}

// Tables in a schema that a role may not use look to it as if they were not there.
void check_allowed(postgres::Connection& connection, const std::string& schema) {
  const auto refused = connection.run(
      "SELECT 1 FROM pg_namespace WHERE nspname = $1 AND NOT has_schema_privilege(oid, 'USAGE')",
      {postgres::parameter(postgres::Type::kText, schema)});
  if (refused.rows() != 0)
    throw postgres::Error("42501",
                          fmt::format("permission denied for schema {} (SQLSTATE 42501)", schema));
}

std::unique_ptr<postgres::Connection> connect(const postgres::Config& config, int stop_fd) {
  auto connection = std::make_unique<postgres::Connection>(config, stop_fd);
  postgres::check_encoding(*connection);
  connection->script("SET default_transaction_read_only = on");
  const int version = postgres::schema_version(*connection);
  if (version == 0) check_allowed(*connection, config.schema);
  if (version != postgres::kSchemaVersion)
    throw postgres::Error(
        "3F000", fmt::format("schema {} has version {}, expected {}{}", config.schema, version,
                             postgres::kSchemaVersion,
                             version > postgres::kSchemaVersion
                                 ? ": a newer agent made it"
                                 : "; an agent with an exporter of type postgres makes it"));
  return connection;
}

}  // namespace

void check(const config::QueryConfig& config, const std::string& file, config::Problems& problems) {
  const auto fail = [&](const char* key, const std::string& what) {
    if (!what.empty()) problems.push_back({file, 0, 0, fmt::format("query.{}: {}", key, what)});
  };
  fail("url", postgres::url_problem(config.url));
  fail("schema",
       config.schema.empty() ? "must name a schema" : postgres::name_problem(config.schema));
}

class Fleet::Reader final : public journal::EventReader {
 public:
  explicit Reader(Fleet& fleet) : fleet_(fleet) {}

  journal::Page query(const journal::Query& query) override {
    return ask(
        [&](postgres::Connection& connection) { return EventTable(connection).page(query); });
  }

  bool find(const core::EventId& id, core::EventBatch& batch) override {
    return ask(
        [&](postgres::Connection& connection) { return EventTable(connection).find(id, batch); });
  }

  void read_numbers(const std::function<void(journal::RollupSource&)>& work) override {
    ask([&](postgres::Connection& connection) {
      connection.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      try {
        RollupSource source(connection, dictionary_);
        work(source);
      } catch (const postgres::Error&) {
        throw;
      } catch (...) {
        connection.script("ROLLBACK");
        fleet_.note({});  // the question was wrong, or what is kept is not whole
        throw;
      }
      connection.script("COMMIT");
      return true;
    });
  }

 private:
  // A connection that broke while nobody asked is made anew.
  template <typename Work>
  auto ask(const Work& work) -> decltype(work(std::declval<postgres::Connection&>())) {
    for (bool fresh = false;;) {
      try {
        if (!connection_) {
          fresh = true;
          dictionary_ = {};
          connection_ = connect(fleet_.config_, fleet_.stop_fd_);
        }
        auto result = work(*connection_);
        fleet_.note({});
        return result;
      } catch (const postgres::Error& error) {
        connection_.reset();
        if (!fresh && error.state.starts_with("08")) continue;
        const auto what = fleet_.sentence(error);
        fleet_.note(what);
        throw std::runtime_error(what);
      }
    }
  }

  Fleet& fleet_;
  std::unique_ptr<postgres::Connection> connection_;
  rollups::Dictionary dictionary_;  // of the database, as far as it was read
};

Fleet::Fleet(const config::QueryConfig& config)
    : config_(database_of(config)), stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (stop_fd_ < 0) throw std::runtime_error("fleet: no eventfd");
}

Fleet::~Fleet() { ::close(stop_fd_); }

std::unique_ptr<journal::EventReader> Fleet::reader() { return std::make_unique<Reader>(*this); }

void Fleet::interrupt() {
  stopping_ = true;
  ::eventfd_write(stop_fd_, 1);
}

std::string Fleet::sentence(const postgres::Error& error) const {
  if (error.state != "57014") return fmt::format("PostgreSQL: {}", error.what());
  if (stopping_) return "PostgreSQL did not answer before the agent stopped";
  return fmt::format("PostgreSQL gave up after {} ms (query.statement_timeout): {}",
                     config_.statement_timeout.count(), error.what());
}

Fleet::Status Fleet::status() const {
  const std::scoped_lock lock(mutex_);
  return status_;
}

void Fleet::note(const std::string& error) {
  const std::scoped_lock lock(mutex_);
  if (!error.empty() && status_.last_error != error) spdlog::warn("fleet: {}", error);
  status_.asked = true;
  status_.last_error = error;
}

}  // namespace kcloud::fleet
