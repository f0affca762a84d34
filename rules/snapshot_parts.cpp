#include "rules/snapshot_parts.h"

namespace kcloud::rules {
namespace {

constexpr std::size_t kAny = ~std::size_t{0};

void write_map(ByteWriter& out, const std::map<std::string, std::string>& map) {
  out.count(map.size());
  for (const auto& [name, value] : map) {
    out.text(name);
    out.text(value);
  }
}
std::map<std::string, std::string> read_map(ByteReader& in) {
  std::map<std::string, std::string> map;
  for (std::size_t left = in.size(kAny); left > 0 && in.ok(); --left) {
    std::string name(in.text());
    map[std::move(name)] = in.text();
  }
  return map;
}

void write_value(ByteWriter& out, const std::optional<double>& value) {
  out.flag(value.has_value());
  if (value) out.real(*value);
}
std::optional<double> read_value(ByteReader& in) {
  return in.flag() ? std::optional(in.real()) : std::nullopt;
}

void write_feed_group(ByteWriter& out, const Feed& feed, std::uint32_t cell) {
  const Feed::Group& group = feed.groups[cell];
  out.text(feed.keys->text(group.key));
  out.time(group.newest);
  out.time(group.first);
  out.flag(group.apart);
  out.count(group.arrivals);
  const std::size_t size = feed.keeps_evidence ? feed.evidence[cell].size() : 0;
  out.count(size);
  for (std::size_t i = 0; i < size; ++i) {
    out.count(feed.evidence[cell][i].number);
    out.id(feed.evidence[cell][i].id);
  }
  EventTexts texts;
  for (std::size_t i = 0; i < feed.shown.size() && i < feed.texts[cell].size(); ++i)
    texts.emplace(feed.shown[i].first, feed.texts[cell][i]);
  write_map(out, texts);
}

std::uint32_t read_feed_group(ByteReader& in, Feed& feed) {
  const std::uint32_t key = feed.keys->make(in.text());
  if (feed.find(key) != kNoCell) in.fail();
  const std::uint32_t cell = feed.make(key);
  Feed::Group& group = feed.groups[cell];
  group.newest = in.time();
  group.first = in.time();
  group.apart = in.flag();
  group.arrivals = in.count();
  for (std::size_t left = in.size(Evidence::kMost); left > 0; --left) {
    const std::uint64_t number = in.count();
    const core::EventId id = in.id();
    if (feed.keeps_evidence) feed.evidence[cell].add({number, id});
  }
  const EventTexts texts = read_map(in);
  if (!feed.shown.empty()) feed.texts[cell].resize(feed.shown.size());
  for (std::size_t i = 0; i < feed.shown.size(); ++i)
    if (const auto text = texts.find(feed.shown[i].first); text != texts.end())
      feed.texts[cell][i] = text->second;
  return cell;
}

}  // namespace

void write_alert(ByteWriter& out, const Alert& alert) {
  for (const auto* text : {&alert.fingerprint, &alert.rule, &alert.group, &alert.file})
    out.text(*text);
  for (const auto* map : {&alert.by, &alert.labels, &alert.annotations}) write_map(out, *map);
  out.time(to_ms(alert.active_since));
  out.time(to_ms(alert.starts_at));
  write_value(out, alert.value);
  out.count(alert.count);
  write_all(out, alert.evidence);
  out.flag(alert.state == AlertState::kFiring);
  out.count(alert.why.size());
  for (const SubValue& part : alert.why) {
    out.text(part.text);
    write_value(out, part.value);
    out.text(part.missing);
  }
}
Alert read_alert(ByteReader& in) {
  Alert alert;
  for (auto* text : {&alert.fingerprint, &alert.rule, &alert.group, &alert.file}) *text = in.text();
  for (auto* map : {&alert.by, &alert.labels, &alert.annotations}) *map = read_map(in);
  alert.active_since = to_time(in.time());
  alert.starts_at = to_time(in.time());
  alert.value = read_value(in);
  alert.count = in.count();
  read_all(in, alert.evidence);
  alert.state = in.flag() ? AlertState::kFiring : AlertState::kPending;
  alert.why.resize(in.size(kAny));
  for (SubValue& part : alert.why) {
    part.text = in.text();
    part.value = read_value(in);
    part.missing = in.text();
  }
  return alert;
}

void write_active(ByteWriter& out, const ActiveAlert& active) {
  out.time(active.newest_true);
  out.count(active.events);
  out.count(active.arrivals);
  out.count(active.why.size());
  for (const Result& value : active.why) {
    out.count(static_cast<std::uint64_t>(value.missing));
    out.real(value.number);
  }
  write_map(out, active.event);
}

std::unique_ptr<ActiveAlert> read_active(ByteReader& in, Alert alert) {
  auto active = std::make_unique<ActiveAlert>();
  active->firing = alert.state == AlertState::kFiring;
  active->newest_true = in.time();
  active->events = in.count();
  active->arrivals = in.count();
  active->why.resize(in.size(kAny));
  for (Result& value : active->why) {
    const std::uint64_t why = in.count();
    if (why > static_cast<std::uint64_t>(Missing::kNoDeviation)) in.fail();
    value.missing = static_cast<Missing>(why);
    value.number = in.real();
  }
  active->event = read_map(in);
  active->since = to_ms(alert.active_since);
  active->starts_at = to_ms(alert.starts_at);
  active->value = alert.value;
  active->evidence = std::move(alert.evidence);
  if (active->firing) active->labels = std::move(alert.labels);
  active->annotations = std::move(alert.annotations);
  return active;
}

void write_feed(ByteWriter& out, const Feed& feed) {
  std::vector<std::uint32_t> cells;
  for (std::uint32_t cell = 0; cell < feed.groups.size(); ++cell)
    if (feed.groups[cell].key != Keys::kNone) cells.push_back(cell);
  out.count(cells.size());
  for (const std::uint32_t cell : cells) write_feed_group(out, feed, cell);
  out.count(feed.series.size());
  for (const auto& series : feed.series) {
    out.count(static_cast<std::uint64_t>(series->kind()));
    out.text(series->field() ? series->field()->name : std::string());
    out.time(series->length());
    ByteWriter part;
    for (const std::uint32_t cell : cells) series->write(cell, part);
    out.text(part.bytes());
  }
}

void read_feed(ByteReader& in, Feed& feed) {
  std::vector<std::uint32_t> cells;
  for (std::size_t left = in.size(kAny); left > 0 && in.ok(); --left)
    cells.push_back(read_feed_group(in, feed));
  feed.fresh = false;
  for (std::size_t left = in.size(kAny); left > 0 && in.ok(); --left) {
    const std::uint64_t kind = in.count();
    const std::string_view field = in.text();
    const Ms length = in.time();
    ByteReader part(in.text());
    for (const auto& series : feed.series) {
      const std::string_view name = series->field() ? series->field()->name : std::string_view();
      if (static_cast<std::uint64_t>(series->kind()) != kind || name != field ||
          series->length() != length)
        continue;
      for (const std::uint32_t cell : cells) series->read(cell, part);
      if (!part.at_end()) in.fail();
      series->fresh = false;
    }
  }
}

}  // namespace kcloud::rules
