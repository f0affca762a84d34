#include "collectors/file/reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace kcloud::file {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;  // of one intake
constexpr std::size_t kShortLine = 96;      // for guessing how many there are

std::string_view without_bom(std::string_view text, std::uint64_t offset) {
  constexpr std::string_view kBom = "\xEF\xBB\xBF";
  return offset == 0 && text.starts_with(kBom) ? text.substr(kBom.size()) : text;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

void Batch::mark(const std::shared_ptr<Stream>& stream) {
  const Place place = stream->safe_place();
  const auto mine = std::find_if(marks.begin(), marks.end(),
                                 [&](const Mark& one) { return one.stream == stream; });
  if (mine != marks.end()) {
    mine->place = place;
  } else {
    marks.push_back({stream, place});
  }
}

Reader::Reader(const Config& config, const core::CollectorContext& context, std::size_t max_lines)
    : keep_other_lines_(config.other_lines == "dead_letter"),
      format_(parse_format(config.format)),
      max_lines_(max_lines),
      max_line_(config.max_line_bytes != 0 ? config.max_line_bytes
                                           : 2 * context.decode.max_event_bytes),
      decoder_(context) {}

bool Reader::full(const Batch& batch) const {
  return batch.intake->batch.events.size() + batch.intake->refused.size() >= max_lines_ ||
         batch.intake->payload_bytes >= kMaxBytes || batch.lines >= 8 * max_lines_;
}

// One block for the whole chunk, where its lines are of the usual length.
void Reader::prepare(const Chunk& chunk, Batch& batch) const {
  core::Intake& intake = *batch.intake;
  if (!intake.batch.events.empty() || intake.batch.bytes() > 0) return;
  const std::size_t lines = std::min(max_lines_, chunk.text.size() / kShortLine + 1);
  intake.batch = core::EventBatch(chunk.text.size() +
                                  core::arena_per_event(decoder_.context().decode) * lines + 64);
  intake.batch.events.reserve(lines);
}

bool Reader::take(Stream& stream, const Chunk& chunk, Batch& batch) {
  prepare(chunk, batch);
  base_hints_ = decoder_.hints();
  Splitter splitter(chunk.text, max_line_, stream.read.skipping);
  while (!full(batch)) {
    const auto found = splitter.next();
    if (!found) break;
    line(stream, chunk, *found, batch);
  }
  const bool moved = splitter.consumed() > 0;
  move(stream, chunk, splitter);
  return moved;
}

void Reader::take_rest(Stream& stream, const Chunk& chunk, Batch& batch) {
  prepare(chunk, batch);
  base_hints_ = decoder_.hints();
  Splitter splitter(chunk.text, max_line_, stream.read.skipping);
  if (const auto found = splitter.rest()) line(stream, chunk, *found, batch);
  while (const auto found = stream.joiner.rest()) joined(stream, *found, batch);
  move(stream, chunk, splitter);
}

void Reader::move(Stream& stream, const Chunk& chunk, const Splitter& splitter) const {
  const std::size_t taken = splitter.consumed();
  if (taken == 0 && splitter.skipping() == stream.read.skipping) return;
  const std::uint64_t offset = stream.read.offset + taken;
  if (taken >= Place::kMaxTail) {
    stream.read = place_at(offset, chunk.text.substr(0, taken), splitter.skipping());
  } else {
    const std::string before = std::string(chunk.before).append(chunk.text.substr(0, taken));
    stream.read = place_at(offset, before, splitter.skipping());
  }
}

void Reader::line(Stream& stream, const Chunk& chunk, const Splitter::Line& line, Batch& batch) {
  ++counters_.lines;
  ++batch.lines;
  const std::uint64_t offset = stream.read.offset + line.at;
  const std::string_view text = without_bom(line.text, offset);
  batch.intake->payload_bytes += text.size();
  if (is_blank(text)) return;
  if (stream.at.format == Format::kUnknown)
    stream.at.format = format_ != Format::kUnknown ? format_ : detect(text, memory_);
  if (stream.at.format == Format::kJson || line.too_long)
    return decode(stream, {text, offset, std::nullopt, line.too_long}, batch);
  const auto record =
      stream.at.format == Format::kCri ? parse_cri(text) : parse_docker(text, memory_);
  if (!record) return other(stream, {text, offset, std::nullopt, false}, {}, batch);
  if (const auto whole = stream.joiner.add(*record, offset, max_line_))
    return joined(stream, *whole, batch);
  if (!stream.joiner.begins_at(offset)) return;
  const std::string before = std::string(chunk.before).append(chunk.text.substr(0, line.at));
  stream.starts.push_back(place_at(offset, before));
}

void Reader::joined(Stream& stream, const Joiner::Line& line, Batch& batch) {
  if (is_blank(line.text)) return;
  decode(stream, {line.text, line.offset, line.time, line.too_long}, batch);
}

core::TransportHints Reader::hints(const Stream& stream, const Text& text) {
  core::TransportHints hints = base_hints_;
  position_.clear();
  fmt::format_to(std::back_inserter(position_), "{}/{}", stream.at.id, text.offset);
  hints.position = position_;
  hints.time = text.time;
  hints.source = stream.source;
  hints.type = stream.type;
  hints.type_is_default = true;
  return hints;
}

// Dead letters name a place that a person can look at; ids are made of one that outlives renames.
std::string Reader::shown(const Stream& stream, const Text& text) const {
  return fmt::format("{}:{}", stream.at.path, text.offset);
}

void Reader::decode(Stream& stream, const Text& text, Batch& batch) {
  core::Intake& intake = *batch.intake;
  const core::TransportHints hints = this->hints(stream, text);
  if (text.too_long) {
    ++counters_.too_long;
    decoder_.refuse(
        text.text, hints, "too_large",
        fmt::format("a line of more than {} bytes; only its beginning is kept, expected "
                    "at most max_line_bytes",
                    max_line_),
        intake);
    intake.refused.back().position = shown(stream, text);
    return;
  }
  if (!looks_like_object(text.text)) return other(stream, text, hints, batch);
  if (decoder_.decode(text.text, hints, intake)) {
    // Without a time and without a key it is known by its place: as a key, so that the journal
    // finds it again whenever it arrives.
    core::Event& event = intake.batch.events.back();
    if (event.time_source == core::TimeSource::kArrival) event.keyed = true;
    return;
  }
  if (decoder_.untyped() && !keep_other_lines_) {
    intake.refused.pop_back();
    ++counters_.skipped;
    return;
  }
  intake.refused.back().position = shown(stream, text);
}

void Reader::other(Stream& stream, const Text& text, const core::TransportHints& given,
                   Batch& batch) {
  if (!keep_other_lines_) {
    ++counters_.skipped;
    return;
  }
  const core::TransportHints hints = given.position.empty() ? this->hints(stream, text) : given;
  decoder_.refuse(text.text, hints, "invalid_json",
                  stream.at.format == Format::kJson
                      ? "not a JSON object, expected one event a line"
                      : fmt::format("not a line of format {}, as the file's first",
                                    to_string(stream.at.format)),
                  *batch.intake);
  batch.intake->refused.back().position = shown(stream, text);
}

}  // namespace kcloud::file
