#include "agent/cli/record_reader.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace kcloud::cli {
namespace {

constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::size_t kChunkRecords = 5000;
constexpr std::size_t kChunksAhead = 2;

}  // namespace

RecordReader::RecordReader(ByteSource& source, Place from, RecordLimits limits,
                           std::stop_token stop)
    : source_(source),
      limits_(limits),
      stop_(std::move(stop)),
      splitter_(limits.max_record, limits.kept_of_large, from.line),
      thread_([this, from](const std::stop_token& done) { run(done, from); }) {}

Chunk RecordReader::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop_, [this] { return !ready_.empty(); });
  if (stop_.stop_requested() || ready_.empty()) {
    Chunk last;
    last.end = true;
    return last;
  }
  Chunk chunk = std::move(ready_.front());
  ready_.pop_front();
  changed_.notify_all();
  return chunk;
}

bool RecordReader::hand_over(Chunk chunk, const std::stop_token& done) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, done, [this] { return ready_.size() < kChunksAhead; })) return false;
  ready_.push_back(std::move(chunk));
  changed_.notify_all();
  return true;
}

// Adds to `text` what the source gives at once, or a chunk's worth. True: nothing follows.
bool RecordReader::read_on(const std::stop_token& done, std::string& text) {
  std::size_t size = text.size();
  const std::size_t before = size;
  const std::size_t full = before + kChunkBytes;
  text.resize(full);
  auto state = ByteSource::State::kData;
  while (size < full && state != ByteSource::State::kEnd && !done.stop_requested()) {
    std::size_t got = 0;
    try {
      state = source_.read(text.data() + size, full - size, got);
    } catch (...) {
      text.resize(size);
      throw;
    }
    size += got;
    if (state == ByteSource::State::kNothingYet && size > before) break;
  }
  text.resize(size);
  return state == ByteSource::State::kEnd;
}

void RecordReader::split(Chunk& chunk, std::string& left, bool last) {
  if (chunk.offset == 0 && chunk.text.starts_with("\xEF\xBB\xBF")) {
    chunk.text.replace(0, 3, 3, ' ');
  }
  const std::size_t used = splitter_.split(chunk.text, last, kChunkRecords, chunk.records);
  left.assign(chunk.text, used);
  chunk.behind = {chunk.offset + used, splitter_.line()};
  chunk.raw_position = source_.raw_position();
  if (chunk.records.empty()) return;
  if (const Record& record = chunk.records.back(); record.unfinished) {
    // A file that is being written: its last record may be whole the next time.
    chunk.behind = {chunk.offset + record.at, record.line};
  }
  if (chunk.offset == 0 && chunk.view(chunk.records.front()).starts_with('[')) {
    throw InputError(
        "the input is a JSON array; expected one JSON object a line. Hint: jq -c '.[]' FILE | "
        "kcloud-logger import -");
  }
}

void RecordReader::run(const std::stop_token& done, Place from) {
  std::string left, error;
  Place at = from;
  bool ended = false;
  bool full = false;  // the last chunk took all the records it may
  try {
    if (from.offset > 0 && !source_.skip(from.offset)) {
      throw InputError("the input is shorter than what was imported of it. Hint: --restart");
    }
    for (bool end = false; !end;) {
      Chunk chunk;
      chunk.offset = at.offset;
      chunk.text.swap(left);
      try {
        if (!ended && !full) ended = read_on(done, chunk.text);
      } catch (const InputError& problem) {
        error = problem.what();
        ended = true;
      }
      if (done.stop_requested()) return;
      // In front of damage the last record is not whole: it is neither taken nor refused.
      split(chunk, left, ended && error.empty());
      full = chunk.records.size() == kChunkRecords;
      end = ended && !full;
      at = chunk.behind;
      chunk.end = end;
      if (end) chunk.error = error;
      if (!hand_over(std::move(chunk), done)) return;
    }
  } catch (const std::exception& problem) {
    Chunk chunk;
    chunk.behind = at;
    chunk.end = true;
    chunk.error = problem.what();
    hand_over(std::move(chunk), done);
  }
}

}  // namespace kcloud::cli
