// Owning handles over SQLite's C interface. Errors become SqliteError, which stays inside this
// folder.
//
// A Database and its Statements belong to one thread at a time (SQLITE_OPEN_NOMUTEX).
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kcloud::journal {

class SqliteError : public std::runtime_error {
 public:
  SqliteError(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
  int code() const { return code_; }            // extended result code
  int primary() const { return code_ & 0xFF; }  // SQLITE_FULL, SQLITE_IOERR, …
  bool damaged() const { return primary() == SQLITE_CORRUPT || primary() == SQLITE_NOTADB; }

 private:
  int code_;
};

class Database {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  Database(const std::string& path, Mode mode, const std::string& vfs);
  ~Database();
  Database(Database&& other) noexcept;
  Database& operator=(Database&&) = delete;

  void execute(const std::string& sql);
  std::int64_t integer(const std::string& sql);  // first column of the first row; 0 without a row
  sqlite3* handle() const { return db_; }
  int changes() const { return sqlite3_changes(db_); }
  bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

 private:
  sqlite3* db_ = nullptr;
};

class Statement {
 public:
  Statement() = default;
  Statement(Database& db, const std::string& sql);
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;

  // Bound bytes are not copied: they must live until the next reset.
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::uint64_t value);
  Statement& bind_text(int index, std::string_view value);  // empty binds NULL
  Statement& bind_blob(int index, std::string_view value);
  Statement& bind_value(int index, const Statement& row, int column);  // as it stands there
  bool step();  // true: a row; throws on errors (after resetting)
  void run();   // step to the end, reset
  void reset() { sqlite3_reset(statement_); }

  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string_view text(int column) const;  // text or blob bytes, valid until the next step
  explicit operator bool() const { return statement_ != nullptr; }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

// Resets a statement at the end of a scope, so that no read snapshot outlives its use.
class ResetGuard {
 public:
  explicit ResetGuard(Statement& statement) : statement_(statement) {}
  ~ResetGuard() { statement_.reset(); }
  ResetGuard(const ResetGuard&) = delete;
  ResetGuard& operator=(const ResetGuard&) = delete;

 private:
  Statement& statement_;
};

}  // namespace kcloud::journal
