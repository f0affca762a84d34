#include "agent/cli/report.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <utility>

#include "agent/cli/byte_sink.h"
#include "agent/cli/interrupt.h"
#include "agent/cli/report_check.h"
#include "agent/cli/transfer.h"
#include "agent/exit_code.h"
#include "exporters/http_client/client.h"

namespace kcloud::cli {
namespace {

// Between two bytes: the agent verifies the chain behind the last row.
constexpr std::chrono::minutes kSilence{30};

std::string url_of(const ReportOptions& options, const std::string& format) {
  std::string url = base_url(options.agent) + "/reports/audit?format=" + format;
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"since", options.since},
           {"until", options.until},
           {"time_range", options.time_range},
           {"zone", options.zone},
           {"type", options.type},
           {"cluster", options.cluster},
           {"workload", options.workload},
           {"actor", options.actor},
           {"lang", options.lang}}) {
    if (!value.empty()) url += fmt::format("&{}={}", name, http_client::url_encode(value));
  }
  return url;
}

std::string_view row_of(const std::string& format) {
  if (format == "jsonl") return "{\"record\":\"event\"";
  if (format == "csv") return "event,";
  return format == "html" ? "<tr><td class=\"t\">" : "{\"time\":";
}

std::string shell_check(const ReportOptions& options) {
  const char* reader = options.file.ends_with(".gz")    ? "zcat"
                       : options.file.ends_with(".zst") ? "zstdcat"
                                                        : nullptr;
  if (reader != nullptr) return fmt::format("{} {} | sed '$d' | sha256sum", reader, options.file);
  return fmt::format("sed '$d' {} | sha256sum", options.file);
}

int fetch(const ReportOptions& options, const std::stop_token& stop) {
  const std::string format = options.format.empty() ? report_format(options.file) : options.format;
  http_client::Options client_options;
  client_options.timeout = kSilence;
  http_client::Client client(options_of(options.agent, std::move(client_options)));
  ReportCheck check(row_of(format));
  TransferDisplay display;
  Transfer transfer;
  std::optional<ByteSink> sink;
  const auto response = client.stream(
      {url_of(options, format), headers_of(options.agent), {}, {}, {}},
      [&](std::string_view bytes) {
        // Not before the first byte: what is refused leaves nothing behind.
        if (!sink) sink.emplace(options.file, compression_of(options.file));
        sink->write(bytes);
        check.feed(bytes);
        transfer.bytes += bytes.size();
        transfer.events = check.rows();
        display.update(transfer, false);
        return true;
      },
      stop);
  if (stop.stop_requested()) {
    display.say("interrupted; no file was made");
    return agent::kExitFailed;
  }
  if (const int code = refused(response, "read"); code != 0) return code;
  const std::string sha256 = check.finish();
  if (!sink || sha256.empty()) {
    display.say("error: the report broke off; no file was made. Hint: the agent's log says why");
    return agent::kExitFailed;
  }
  sink->finish();
  transfer.events = check.rows();
  display.update(transfer, true);
  fmt::print(stderr, "{}: {} events, {} in {:.1f} s\nSHA-256 {}\n", options.file,
             grouped(transfer.events), size_text(transfer.bytes), transfer.elapsed.count(), sha256);
  if (options.file != "-") fmt::print(stderr, "check it: {}\n", shell_check(options));
  return 0;
}

}  // namespace

std::string report_format(const std::string& file) {
  std::string_view name = file;
  for (const std::string_view end : {".gz", ".zst"})
    if (name.ends_with(end)) name.remove_suffix(end.size());
  for (const auto& [end, format] :
       std::initializer_list<std::pair<const char*, const char*>>{{".jsonl", "jsonl"},
                                                                  {".ndjson", "jsonl"},
                                                                  {".csv", "csv"},
                                                                  {".html", "html"},
                                                                  {".htm", "html"}}) {
    if (name.ends_with(end)) return format;
  }
  return "json";
}

int report_audit(const ReportOptions& options) {
  const Interrupt interrupt;
  return agent::guarded([&] { return fetch(options, interrupt.token()); });
}

}  // namespace kcloud::cli
