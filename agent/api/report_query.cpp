#include "agent/api/report_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "agent/api/range_query.h"

namespace kcloud::api {
namespace {

using report::Language;

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
  RangeQuery& range;
  bool format_given = false, language_given = false;

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
      if (value.empty() || value.size() > kMostText) range.fail(name, value, "1 to 1024 bytes");
    } else if (range.read(name, value)) {
      return;
    } else if (name == "format") {
      const auto* form = std::ranges::find(kForms, value, &Form::name);
      if (form == kForms.end()) return range.fail(name, value, "json, jsonl, csv or html");
      out.request.format = form->format;
      format_given = true;
    } else if (name == "lang") {
      if (value != "ko" && value != "en") range.fail(name, value, "ko or en");
      out.request.language = value == "ko" ? Language::kKorean : Language::kEnglish;
      language_given = true;
    } else {
      range.fail(fmt::format("unknown parameter `{}`; there are {}", name, kNames));
    }
  }

  void finish(const core::Catalogue& catalogue) {
    range.finish();
    auto& request = out.request;
    request.zone = range.zone;
    request.until = range.until.value_or(range.now);
    request.since = range.since.value_or(
        std::max(core::Time(), request.until - range.length.value_or(kDefaultRange)));
    range.check(request.since, request.until);
    out.error = range.error;
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
  RangeQuery range(parameters, now, zone);
  Parser parser{out, range};
  for (const auto& [name, value] : parameters) parser.read(name, value);
  parser.finish(catalogue);
  parser.negotiate_rest(accept, accept_language);
  return out;
}

}  // namespace kcloud::api
