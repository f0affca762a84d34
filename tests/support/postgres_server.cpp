#include "tests/support/postgres_server.h"

#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace kcloud::test_support {
namespace {

constexpr const char* kBin = "/usr/lib/postgresql/15/bin/";

}  // namespace

PostgresServer::PostgresServer() : port_(free_port()) {
  if (::geteuid() == 0) {
    const passwd* user = ::getpwnam("postgres");
    if (user == nullptr || ::chown(directory_.path().c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::runtime_error("no user postgres to run the server as");
  }
  ServerProcess initdb(command({std::string(kBin) + "initdb", "-D", directory_.path() + "/data",
                                "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N"}),
                       directory_.path() + "/initdb.log");
  eventually([&] { return !initdb.running(); }, std::chrono::seconds(60));
  start();
}

PostgresServer::~PostgresServer() { stop(); }

std::vector<std::string> PostgresServer::command(std::vector<std::string> words) const {
  if (::geteuid() == 0) {
    const std::vector<std::string> as{"setpriv", "--reuid=postgres", "--regid=postgres",
                                      "--clear-groups", "--pdeathsig=KILL"};
    words.insert(words.begin(), as.begin(), as.end());
  }
  return words;
}

void PostgresServer::start() {
  process_ = std::make_unique<ServerProcess>(
      command({std::string(kBin) + "postgres", "-D", directory_.path() + "/data", "-p",
               std::to_string(port_), "-c", "listen_addresses=127.0.0.1", "-c",
               "unix_socket_directories=", "-c", "fsync=off"}),
      directory_.path() + "/postgres.log");
  const bool up =
      eventually([&] { return !process_->running() || PQping(url().c_str()) == PQPING_OK; });
  if (!up || !process_->running()) throw std::runtime_error("postgres did not start");
}

void PostgresServer::stop() { process_->end(SIGINT); }
void PostgresServer::kill() { process_->end(SIGQUIT); }

std::string PostgresServer::url(const std::string& user, std::uint16_t port) const {
  return "postgresql://" + user + "@127.0.0.1:" + std::to_string(port == 0 ? port_ : port) +
         "/postgres";
}

std::string PostgresServer::query(const std::string& sql, const std::string& user) const {
  const std::unique_ptr<PGconn, void (*)(PGconn*)> link(PQconnectdb(url(user).c_str()), PQfinish);
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(link.get(), sql.c_str()),
                                                              PQclear);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    throw std::runtime_error(std::string(state == nullptr ? "" : state) + " " +
                             PQerrorMessage(link.get()));
  }
  std::string out;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    if (row > 0) out += '\n';
    for (int column = 0; column < PQnfields(result.get()); ++column)
      out += (column > 0 ? "|" : "") + std::string(PQgetvalue(result.get(), row, column));
  }
  return out;
}

}  // namespace kcloud::test_support
