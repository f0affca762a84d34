#include "agent/api/report_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include "agent/api/event_query.h"

namespace kcloud::api {
namespace {

using report::Language;

constexpr std::chrono::days kLongest{3660};
constexpr std::chrono::days kDefaultRange{30};
constexpr std::size_t kMostText = 1024;
constexpr std::string_view kNames =
    "time_range, since, until, zone, type, cluster, workload, actor, format and lang";

// By name and by media type; the first of a format counts where any will do.
struct Form {
  std::string_view name, media;
  report::Format format;
};
constexpr std::array kForms{
    Form{"json", "application/json", report::Format::kJson},
    Form{"jsonl", "application/x-ndjson", report::Format::kJsonLines},
    Form{"jsonl", "application/jsonl", report::Format::kJsonLines},
    Form{"csv", "text/csv", report::Format::kCsv},
    Form{"html", "text/html", report::Format::kHtml},
};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string_view next_part(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return trimmed(part);
}

bool fits(std::string_view range, std::string_view media) {
  return range == "*/*" || range == media ||
         (range.ends_with("/*") && media.starts_with(range.substr(0, range.size() - 1)));
}

// The format with the greatest weight (RFC 9110, 12.5.1), the first named of equals.
std::optional<report::Format> negotiate(std::string_view accept) {
  std::optional<report::Format> best;
  double best_weight = 0;
  while (!accept.empty()) {
    auto rest = next_part(accept, ',');
    const auto range = next_part(rest, ';');
    double weight = 1;
    while (!rest.empty()) {
      const auto parameter = next_part(rest, ';');
      if (!parameter.starts_with("q=")) continue;
      const auto text = parameter.substr(2);
      std::from_chars(text.data(), text.data() + text.size(), weight);
    }
    for (const auto& form : kForms) {
      if (!fits(range, form.media) || !(weight > best_weight)) continue;
      best = form.format;
      best_weight = weight;
    }
  }
  return best;
}

struct Parser {
  ReportQuery& out;
  core::Time now;
  std::chrono::nanoseconds range = kDefaultRange;
  bool range_given = false, since_given = false, until_given = false;
  bool format_given = false, language_given = false;

  void fail(std::string_view name, std::string_view value, std::string_view expected) {
    if (out.error.empty())
      out.error = fmt::format("parameter `{}` is `{}`; expected {}", name, value, expected);
  }

  void read_zone(const std::string& value) {
    try {
      out.request.zone = core::Zone(value);
    } catch (const std::invalid_argument&) {
      fail("zone", value, "an IANA time zone such as Asia/Seoul");
    }
  }

  std::string* filter(std::string_view name) {
    auto& request = out.request;
    if (name == "type") return &request.type;
    if (name == "cluster") return &request.cluster;
    if (name == "workload") return &request.workload;
    return name == "actor" ? &request.actor : nullptr;
  }

  void read(const std::string& name, const std::string& value) {
    if (auto* text = filter(name)) {
      *text = value;
      if (value.empty() || value.size() > kMostText) fail(name, value, "1 to 1024 bytes");
    } else if (name == "time_range") {
      range_given = true;
      const auto length = core::parse_duration(value);
      if (!length || *length <= std::chrono::nanoseconds(0) || *length > kLongest)
        return fail(name, value, "a time up to 3660d, such as 24h, 7d or 30d");
      range = *length;
    } else if (name == "since" || name == "until") {
      const auto time = parse_query_time(value, now, out.request.zone);
      if (!time)
        return fail(name, value, "RFC 3339, an epoch number, `now` or a distance such as -24h");
      (name == "since" ? out.request.since : out.request.until) = *time;
      (name == "since" ? since_given : until_given) = true;
    } else if (name == "format") {
      const auto* form = std::ranges::find(kForms, value, &Form::name);
      if (form == kForms.end()) return fail(name, value, "json, jsonl, csv or html");
      out.request.format = form->format;
      format_given = true;
    } else if (name == "lang") {
      if (value != "ko" && value != "en") fail(name, value, "ko or en");
      out.request.language = value == "ko" ? Language::kKorean : Language::kEnglish;
      language_given = true;
    } else if (name != "zone" && out.error.empty()) {
      out.error = fmt::format("unknown parameter `{}`; there are {}", name, kNames);
    }
  }

  void finish(const core::Catalogue& catalogue) {
    if (!out.error.empty()) return;
    if (range_given && (since_given || until_given)) {
      out.error = "`time_range` goes without `since` and `until`: it ends now";
      return;
    }
    auto& request = out.request;
    if (!until_given) request.until = now;
    if (!since_given) request.since = std::max(core::Time(), request.until - range);
    if (request.since >= request.until)
      out.error = fmt::format("`since` ({}) is not before `until` ({})",
                              core::format_time(request.since), core::format_time(request.until));
    else if (request.until - request.since > kLongest)
      out.error = "the range is longer than 3660d";
    if (const auto* type = catalogue.find_endpoint(request.type)) request.type = type->name;
  }

  void negotiate_rest(std::string_view accept, std::string_view accept_language) {
    if (!language_given && accept_language.starts_with("ko"))
      out.request.language = Language::kKorean;
    if (format_given || accept.empty() || !out.error.empty()) return;
    if (const auto format = negotiate(accept)) {
      out.request.format = *format;
      return;
    }
    out.status = 406;
    out.error = fmt::format(
        "`Accept` is `{}`; there are application/json, application/x-ndjson, text/csv and "
        "text/html",
        accept);
  }
};

}  // namespace

ReportQuery parse_report_query(const http::Parameters& parameters, std::string_view accept,
                               std::string_view accept_language, core::Time now,
                               const std::string& zone, const core::Catalogue& catalogue) {
  ReportQuery out;
  out.request.zone = core::Zone(zone);
  Parser parser{out, now};
  std::set<std::string_view> seen;
  for (const auto& [name, value] : parameters) {
    if (!seen.insert(name).second) {
      out.error = fmt::format("parameter `{}` is given twice", name);
      return out;
    }
    if (name == "zone") parser.read_zone(value);  // times without an offset are of it
  }
  for (const auto& [name, value] : parameters) parser.read(name, value);
  parser.finish(catalogue);
  parser.negotiate_rest(accept, accept_language);
  return out;
}

}  // namespace kcloud::api
