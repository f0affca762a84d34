#include "agent/cli/export.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "agent/api/event_query.h"
#include "agent/cli/byte_sink.h"
#include "agent/cli/interrupt.h"
#include "agent/cli/transfer.h"
#include "agent/exit_code.h"
#include "agent/startup.h"
#include "core/envelope.h"

namespace kcloud::cli {
namespace {

using agent::kExitFailed;
constexpr std::uint64_t kPage = 1000;

Compression compression(const ExportOptions& options) {
  if (options.compress == "gzip") return Compression::kGzip;
  if (options.compress == "zstd") return Compression::kZstd;
  return options.compress.empty() ? compression_of(options.file) : Compression::kNone;
}

// The bodies of the events of a page, one a line.
std::string bodies_of(std::string_view page, core::EnvelopeReader& reader) {
  std::string out;
  core::Envelope envelope;
  std::vector<core::FieldError> errors;
  while (!page.empty()) {
    const std::size_t end = std::min(page.find('\n'), page.size() - 1);
    if (reader.read(page.substr(0, end), envelope, errors) == core::EnvelopeReader::Found::kOther) {
      throw ExportFailed("what came is no event of kcloud-logger");
    }
    out.append(envelope.body).push_back('\n');
    page.remove_prefix(end + 1);
  }
  return out;
}

class Export {
 public:
  Export(const ExportOptions& options, ExportSource& source, std::stop_token stop)
      : options_(options), source_(source), stop_(std::move(stop)) {}

  int run() {
    // The first page before the file: what is wrong with the question leaves nothing behind.
    ExportPage page = fetch({});
    ByteSink sink(options_.file, compression(options_));
    for (bool first = true; !stop_.stop_requested(); first = false) {
      write(sink, page.text, first);
      if (page.next.empty() || (options_.limit > 0 && transfer_.events >= options_.limit)) {
        return finish(sink);
      }
      page = fetch(page.next);
    }
    display_.say("interrupted; no file was made");
    return kExitFailed;
  }

 private:
  ExportPage fetch(const std::string& cursor) {
    auto parameters = query_parameters(options_);
    const std::uint64_t left = options_.limit - transfer_.events;
    parameters.emplace_back("limit",
                            std::to_string(options_.limit == 0 ? kPage : std::min(kPage, left)));
    if (!cursor.empty()) parameters.emplace_back("cursor", cursor);
    return source_.page(parameters);
  }

  void write(ByteSink& sink, std::string_view text, bool first) {
    const bool csv = options_.format == "csv";
    const std::uint64_t rows = count_rows(text, csv);
    transfer_.events += csv && rows > 0 ? rows - 1 : rows;
    if (csv && !first) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    if (options_.format == "body") {
      const std::string bodies = bodies_of(text, reader_);
      transfer_.bytes += bodies.size();
      sink.write(bodies);
    } else {
      transfer_.bytes += text.size();
      sink.write(text);
    }
    display_.update(transfer_, false);
  }

  int finish(ByteSink& sink) {
    sink.finish();
    display_.update(transfer_, true);
    fmt::print(stderr, "{}: {} events, {} in {:.1f} s\n", options_.file, grouped(transfer_.events),
               size_text(transfer_.bytes), transfer_.elapsed.count());
    return 0;
  }

  const ExportOptions& options_;
  ExportSource& source_;
  std::stop_token stop_;
  core::EnvelopeReader reader_;
  Transfer transfer_;
  TransferDisplay display_;
};

}  // namespace

std::vector<Parameter> query_parameters(const ExportOptions& options) {
  std::vector<Parameter> parameters;
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"type", options.type},
           {"workload", options.workload},
           {"cluster", options.cluster},
           {"source", options.source},
           {"severity", options.severity},
           {"q", options.q},
           {"since", options.since},
           {"until", options.until},
           {"received_since", options.received_since},
           {"received_until", options.received_until},
           {"order", options.order},
           {"format", options.format == "csv" ? "csv" : "ndjson"}}) {
    if (!value.empty()) parameters.emplace_back(name, value);
  }
  return parameters;
}

void settle_times(ExportOptions& options, core::Time now) {
  for (std::string* text :
       {&options.since, &options.until, &options.received_since, &options.received_until}) {
    if (!text->starts_with("now") && text->find_first_of("+-") != 0) continue;
    if (const auto time = api::parse_query_time(*text, now, core::Zone())) {
      *text = core::format_time(*time);
    }
  }
}

std::uint64_t count_rows(std::string_view text, bool csv) {
  if (!csv) return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  std::uint64_t rows = 0;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (c == '\n' && !quoted) ++rows;
  }
  return rows;
}

int export_events(const ExportOptions& options) {
  if (options.data_dir.empty() && !options.config_file.empty()) {
    fmt::print(stderr, "error: --config goes with --data-dir; a running agent has its own\n");
    return kExitFailed;
  }
  const Interrupt interrupt;
  ExportOptions settled = options;
  settle_times(settled, core::SystemClock().now());
  return agent::guarded([&] {
    const auto source = options.data_dir.empty() ? http_source(options, interrupt.token())
                                                 : journal_source(options);
    return Export(settled, *source, interrupt.token()).run();
  });
}

}  // namespace kcloud::cli
