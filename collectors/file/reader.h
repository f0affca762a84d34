// From a stream's bytes to events and dead letters in an intake: lines, records joined, decoded.
//
// One thread. Never throws for bad input.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collectors/file/config.h"
#include "collectors/file/splitter.h"
#include "collectors/file/stream.h"
#include "core/message_decoder.h"

namespace kcloud::file {

struct ReaderCounters {
  std::uint64_t lines = 0;
  std::uint64_t skipped = 0;  // no events
  std::uint64_t too_long = 0;
};

// One intake in the making, and how far each stream is read when it is committed.
struct Batch {
  struct Mark {
    std::shared_ptr<Stream> stream;
    Place place;
  };
  std::unique_ptr<core::Intake> intake = std::make_unique<core::Intake>();
  std::vector<Mark> marks;
  std::size_t lines = 0;  // taken in, events or not

  void mark(const std::shared_ptr<Stream>& stream);
  bool has_events() const { return !intake->batch.events.empty() || !intake->refused.empty(); }
};

class Reader {
 public:
  // `context` outlives the reader.
  Reader(const Config& config, const core::CollectorContext& context, std::size_t max_lines);

  // The most one read should ask for when the last one gave no whole line: a line and its newline.
  std::size_t max_line() const { return max_line_; }
  bool full(const Batch& batch) const;

  // Takes lines out of the chunk until it holds no whole one or the batch is full; moves the
  // stream's place. False when not one byte was taken.
  bool take(Stream& stream, const Chunk& chunk, Batch& batch);
  // What is there of a last line, when nothing can follow.
  void take_rest(Stream& stream, const Chunk& chunk, Batch& batch);

  const ReaderCounters& counters() const { return counters_; }

 private:
  struct Text {
    std::string_view text;
    std::uint64_t offset;
    std::optional<core::Time> time;
    bool too_long;
  };

  void line(Stream& stream, const Chunk& chunk, const Splitter::Line& line, Batch& batch);
  void joined(Stream& stream, const Joiner::Line& line, Batch& batch);
  void decode(Stream& stream, const Text& text, Batch& batch);
  void other(Stream& stream, const Text& text, const core::TransportHints& hints, Batch& batch);
  core::TransportHints hints(const Stream& stream, const Text& text);
  std::string shown(const Stream& stream, const Text& text) const;
  void prepare(const Chunk& chunk, Batch& batch) const;
  void move(Stream& stream, const Chunk& chunk, const Splitter& splitter) const;

  const bool keep_other_lines_;
  const Format format_;
  const std::size_t max_lines_;
  const std::size_t max_line_;
  core::MessageDecoder decoder_;
  core::TransportHints base_hints_;
  ReaderCounters counters_;
  std::string position_;
  std::string memory_;
};

}  // namespace kcloud::file
