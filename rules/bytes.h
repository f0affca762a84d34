// What a snapshot of the rules' state is written with.
#pragma once

#include <string>
#include <vector>

#include "core/bytes.h"
#include "rules/time.h"

namespace kcloud::rules {

class ByteWriter : public core::ByteWriter {
 public:
  void time(Ms time) {
    count(time == kNever ? 0 : time == kLongAgo ? 1 : 2);
    if (time != kNever && time != kLongAgo) integer(time);
  }
};

class ByteReader : public core::ByteReader {
 public:
  using core::ByteReader::ByteReader;

  Ms time() {
    const std::uint64_t kind = count();
    if (kind < 2) return kind == 0 ? kNever : kLongAgo;
    const Ms time = integer();
    if (kind == 2 && time > -kFarthest && time < kFarthest) return time;
    fail();
    return 0;
  }

 private:
  static constexpr Ms kFarthest = Ms{1} << 53;
};

inline void write_one(ByteWriter& out, const std::string& value) { out.text(value); }
inline void write_one(ByteWriter& out, const core::EventId& value) { out.id(value); }
inline void read_one(ByteReader& in, std::string& value) { value = in.text(); }
inline void read_one(ByteReader& in, core::EventId& value) { value = in.id(); }

template <class T>
void write_all(ByteWriter& out, const std::vector<T>& values) {
  out.count(values.size());
  for (const T& value : values) write_one(out, value);
}

template <class T>
void read_all(ByteReader& in, std::vector<T>& values) {
  values.resize(in.size(1'000'000));
  for (T& value : values) read_one(in, value);
}

}  // namespace kcloud::rules
