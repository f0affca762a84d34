// `kcloud-logger export`: events of a running agent, by HTTP, or of a stopped agent's journal, page
// by page into a file. Blocks until the end or Ctrl-C; the return value is the process's exit code.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "agent/cli/address.h"
#include "core/time.h"

namespace kcloud::cli {

struct ExportOptions {
  Address agent;
  std::string data_dir;     // not empty: this journal, not `agent`
  std::string config_file;  // with data_dir: the catalogue and zone
  // The filters and `order` of GET /events, as given; empty: none.
  std::string type, workload, cluster, source, severity, q;
  std::string since, until, received_since, received_until;
  std::string order = "asc";
  std::uint64_t limit = 0;        // events in all; 0: no limit
  std::string format = "ndjson";  // csv; body: the bodies alone, one a line
  std::string file = "-";
  std::string compress;  // gzip, zstd, none; empty: by the file's name
};

using Parameter = std::pair<std::string, std::string>;
// The parameters of GET /events that the options ask for, `limit` and `cursor` not among them.
std::vector<Parameter> query_parameters(const ExportOptions& options);

// Distances from now (`-24h`, `now`) become instants, so that they are the same for every page.
void settle_times(ExportOptions& options, core::Time now);

// Lines of `text`, of which CSV has some inside of quotes.
std::uint64_t count_rows(std::string_view text, bool csv);

// Cannot go on; the message says what to do.
class ExportFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ExportPage {
  std::string text;  // NDJSON or CSV with its head, as GET /events answers
  std::string next;  // cursor of the page behind; empty: the end
};

// Where events come from. One thread; calls block. Throws ExportFailed.
class ExportSource {
 public:
  virtual ~ExportSource() = default;
  virtual ExportPage page(const std::vector<Parameter>& parameters) = 0;
};
std::unique_ptr<ExportSource> journal_source(const ExportOptions& options);
std::unique_ptr<ExportSource> http_source(const ExportOptions& options, std::stop_token stop);

// 0: done; 2: failed or interrupted, and no file was made; 78: the configuration is bad.
int export_events(const ExportOptions& options);

}  // namespace kcloud::cli
