// Records read and not handed over yet, and the intake made of them.
//
// Bounded by events and by bytes (one record more than that at most). Bad input never throws.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/kafka/consumer.h"
#include "collectors/kafka/offsets.h"
#include "collectors/kafka/status.h"
#include "core/message_decoder.h"

namespace kcloud::kafka {

// How far a batch brings one assignment of a partition.
struct Progress {
  Slot slot = 0;
  std::int64_t next = 0;
};

class Batch {
 public:
  Batch(std::size_t most_events, std::size_t most_bytes)
      : most_events_(most_events), most_bytes_(most_bytes) {}

  // `type` is of payloads that name none; it outlives the batch.
  void add(Message message, Slot slot, std::string_view type);
  // Nothing to store, but the partition is so far.
  void skip(Slot slot, std::int64_t next);

  bool full() const { return records_.size() >= most_events_ || bytes_ >= most_bytes_; }
  bool empty() const { return progress_.empty(); }
  bool has_records() const { return !records_.empty(); }

  // Decodes the records; the batch is empty afterwards, but for its progress. `counts` gets modes.
  std::unique_ptr<core::Intake> build(core::MessageDecoder& decoder, Counts& counts);
  std::vector<Progress> take_progress();

 private:
  struct Record {
    Message message;
    Slot slot;
    std::string_view type;
  };

  const std::size_t most_events_;
  const std::size_t most_bytes_;
  std::size_t bytes_ = 0;
  std::vector<Record> records_;
  std::vector<Progress> progress_;  // one a slot
};

}  // namespace kcloud::kafka
