#include "agent/api/event_query.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

namespace kcloud::api {

namespace {

constexpr std::size_t kMaxLimit = 1000;
constexpr std::size_t kMaxText = 1024;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> allowed_names(QueryKind kind) {
  std::vector<std::string_view> names;
  if (kind != QueryKind::kListOfType) names.push_back("type");
  if (kind != QueryKind::kListOfWorkload) names.push_back("workload");
  for (std::string_view name : {"cluster", "source", "severity", "q", "since", "until",
                                "received_since", "received_until"}) {
    names.push_back(name);
  }
  if (kind == QueryKind::kStream) {
    names.push_back("last_event_id");
  } else {
    for (std::string_view name : {"limit", "order", "cursor", "format"}) names.push_back(name);
  }
  return names;
}

std::string unknown_parameter(std::string_view name, const std::vector<std::string_view>& allowed) {
  std::string text = "unknown parameter `" + std::string(name) + "`; there are ";
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (i > 0) text.append(i + 1 == allowed.size() ? " and " : ", ");
    text.append(allowed[i]);
  }
  return text;
}

std::string* text_filter(journal::Query& query, std::string_view name) {
  if (name == "type") return &query.type;
  if (name == "workload") return &query.workload;
  if (name == "cluster") return &query.cluster;
  if (name == "source") return &query.source;
  if (name == "severity") return &query.severity;
  if (name == "q") return &query.text;
  return nullptr;
}

std::optional<core::Time>* time_filter(journal::Query& query, std::string_view name) {
  if (name == "since") return &query.since;
  if (name == "until") return &query.until;
  if (name == "received_since") return &query.received_since;
  if (name == "received_until") return &query.received_until;
  return nullptr;
}

struct Reader {
  EventQuery& result;
  core::Time now;
  const core::Zone& zone;
  bool order_given = false;
  std::optional<Cursor> cursor;

  void read(std::string_view name, const std::string& value) {
    if (value.empty()) {
      result.error = "parameter `" + std::string(name) + "` is empty";
    } else if (std::string* filter = text_filter(result.query, name)) {
      *filter = value;
      if (value.size() > kMaxText)
        result.error = "parameter `" + std::string(name) + "` is too long";
    } else if (auto* time = time_filter(result.query, name)) {
      *time = parse_query_time(value, now, zone);
      if (!*time) {
        result.error = "parameter `" + std::string(name) + "` is `" + value +
                       "`; expected RFC 3339, an epoch number, `now` or a distance such as -24h";
      }
    } else if (name == "limit") {
      read_limit(value);
    } else if (name == "order") {
      read_order(value);
    } else if (name == "format") {
      read_format(value);
    } else if (name == "cursor") {
      cursor = decode_cursor(value);
      if (!cursor) result.error = "parameter `cursor` is none that `next` of a listing gave";
    } else {
      result.last_event_id = value;
    }
  }

  void read_limit(const std::string& value) {
    const auto limit = parse_number<std::size_t>(value);
    if (!limit || *limit == 0 || *limit > kMaxLimit) {
      result.error = "parameter `limit` is `" + value + "`; expected 1 to 1000";
    } else {
      result.query.limit = *limit;
    }
  }

  void read_order(const std::string& value) {
    order_given = true;
    if (value == "asc") {
      result.query.order = journal::Order::kOldestFirst;
    } else if (value != "desc") {
      result.error = "parameter `order` is `" + value + "`; expected asc or desc";
    }
  }

  void read_format(const std::string& value) {
    if (value == "ndjson") {
      result.format = Format::kNdjson;
    } else if (value == "csv") {
      result.format = Format::kCsv;
    } else if (value != "json") {
      result.error = "parameter `format` is `" + value + "`; expected json, ndjson or csv";
    }
  }

  void finish(const core::Catalogue& catalogue) {
    if (const auto* type = catalogue.find_endpoint(result.query.type)) {
      result.query.type = type->name;
    }
    std::string& severity = result.query.severity;
    std::transform(severity.begin(), severity.end(), severity.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    const auto& query = result.query;
    if ((query.since && query.until && *query.since > *query.until) ||
        (query.received_since && query.received_until &&
         *query.received_since > *query.received_until)) {
      result.error = "the interval ends before it begins";
    }
    if (!cursor || !result.error.empty()) return;
    if (order_given && cursor->order != query.order) {
      result.error = "parameter `order` differs from the cursor's";
    }
    result.query.order = cursor->order;
    result.query.after = cursor->key;
  }
};

}  // namespace

std::optional<core::Time> parse_query_time(std::string_view text, core::Time now,
                                           const core::Zone& zone) {
  std::string_view distance = text;
  if (distance.starts_with("now")) distance.remove_prefix(3);
  if (distance.empty()) return text.empty() ? std::nullopt : std::optional(now);
  const char sign = distance.front();
  if (sign == '-' || sign == '+' || sign == ' ') {
    const auto duration = core::parse_duration(distance.substr(1));
    if (!duration) return std::nullopt;
    const auto since_epoch = now.time_since_epoch();
    if (sign == '-') return *duration > since_epoch ? core::Time{} : now - *duration;
    if (*duration > std::chrono::nanoseconds::max() - since_epoch) return std::nullopt;
    return now + *duration;
  }
  if (const auto parsed = core::parse_time(text, zone)) return parsed->time;
  const std::size_t blank = text.rfind(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  std::string with_plus(text);
  with_plus[blank] = '+';
  const auto parsed = core::parse_time(with_plus, zone);
  return parsed ? std::optional(parsed->time) : std::nullopt;
}

EventQuery parse_event_query(const http::Parameters& parameters, QueryKind kind, core::Time now,
                             const core::Zone& zone, const core::Catalogue& catalogue) {
  EventQuery result;
  Reader reader{result, now, zone, false, std::nullopt};
  const std::vector<std::string_view> allowed = allowed_names(kind);
  std::set<std::string_view> seen;
  for (const auto& [name, value] : parameters) {
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
      result.error = unknown_parameter(name, allowed);
    } else if (!seen.insert(name).second) {
      result.error = "parameter `" + name + "` is given twice";
    } else {
      reader.read(name, value);
    }
    if (!result.error.empty()) return result;
  }
  reader.finish(catalogue);
  return result;
}

std::string encode_cursor(const journal::PageKey& key, journal::Order order) {
  std::string bytes;
  bytes.push_back(order == journal::Order::kNewestFirst ? 'd' : 'a');
  const auto nanos = static_cast<std::uint64_t>(core::to_nanos(key.time));
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>((nanos >> shift) & 255));
  }
  bytes.append(key.id.view());
  return http::base64url_encode(bytes);
}

std::optional<Cursor> decode_cursor(std::string_view text) {
  const auto bytes = http::base64url_decode(text);
  if (!bytes || bytes->size() != 25 || (bytes->front() != 'd' && bytes->front() != 'a')) {
    return std::nullopt;
  }
  std::uint64_t nanos = 0;
  for (std::size_t i = 1; i <= 8; ++i) {
    nanos = (nanos << 8) | static_cast<unsigned char>((*bytes)[i]);
  }
  Cursor cursor;
  cursor.order =
      bytes->front() == 'd' ? journal::Order::kNewestFirst : journal::Order::kOldestFirst;
  cursor.key.time = core::from_nanos(static_cast<std::int64_t>(nanos));
  cursor.key.id = core::event_id_from_bytes(std::string_view(*bytes).substr(9));
  return cursor;
}

std::string format_position(std::string_view epoch, std::uint64_t seq) {
  return std::string(epoch) + "-" + std::to_string(seq);
}

std::optional<Position> parse_position(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const auto seq = parse_number<std::uint64_t>(text.substr(dash + 1));
  if (!seq) return std::nullopt;
  return Position{std::string(text.substr(0, dash)), *seq};
}

}  // namespace kcloud::api
