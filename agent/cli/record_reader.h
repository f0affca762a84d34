// Reads, inflates and splits an input on a thread of its own, a few chunks ahead: what `import`
// works on. Memory is bounded by the size of a chunk and of the largest record.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/cli/byte_source.h"
#include "agent/cli/record_splitter.h"

namespace kcloud::cli {

// A place between two records of the content.
struct Place {
  std::uint64_t offset = 0;  // bytes of content in front of it
  std::uint64_t line = 1;
};

struct Chunk {
  std::string text;
  std::vector<Record> records;
  std::uint64_t offset = 0;  // of the text in the content
  Place behind;              // where to go on after these records
  std::uint64_t raw_position = 0;
  bool end = false;   // nothing follows
  std::string error;  // … because the input cannot be read on

  std::string_view view(const Record& record) const {
    return std::string_view(text).substr(record.at, record.size);
  }
};

struct RecordLimits {
  std::size_t max_record = 2 << 20;
  std::size_t kept_of_large = 64 << 10;
};

class RecordReader {
 public:
  // `source` must outlive it. Goes on at `from`; when the content ends before, that is an error.
  RecordReader(ByteSource& source, Place from, RecordLimits limits, std::stop_token stop);

  // Blocks for the next chunk; the last has `end`. After a stop: an empty last one.
  Chunk next();

 private:
  void run(const std::stop_token& done, Place from);
  bool read_on(const std::stop_token& done, std::string& text);
  void split(Chunk& chunk, std::string& left, bool last);
  bool hand_over(Chunk chunk, const std::stop_token& done);

  ByteSource& source_;
  RecordLimits limits_;
  std::stop_token stop_;
  RecordSplitter splitter_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Chunk> ready_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace kcloud::cli
