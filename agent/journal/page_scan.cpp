#include "agent/journal/page_scan.h"

#include <array>
#include <cstring>
#include <fstream>
#include <optional>
#include <unordered_map>
#include <vector>

#include "agent/journal/schema.h"
#include "agent/journal/store.h"
#include "core/sha256.h"

namespace kcloud::journal {

namespace {

using Bytes = std::string;
constexpr std::size_t kWalHeader = 32;
constexpr std::size_t kFrameHeader = 24;
constexpr std::size_t kFirstPageHeader = 100;
constexpr char kTableLeaf = 0x0D;
constexpr std::uint64_t kMaxPayload = 64 << 20;

std::uint32_t big_endian(const char* at, std::size_t bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}

// SQLite's variable-length integer; nullopt when it runs over the end.
std::optional<std::uint64_t> varint(std::string_view bytes, std::size_t& at) {
  std::uint64_t value = 0;
  for (int i = 0; i < 9; ++i) {
    if (at >= bytes.size()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    if (i == 8) return value << 8 | byte;
    value = value << 7 | (byte & 0x7F);
    if ((byte & 0x80) == 0) return value;
  }
  return value;
}

// The pages of a database: the newest version of each, from the WAL when it is there.
class Pages {
 public:
  Pages(const std::string& database, const std::string& wal)
      : database_(database, std::ios::binary), wal_(wal, std::ios::binary) {
    database_.seekg(0, std::ios::end);
    const auto size = database_ ? static_cast<std::int64_t>(database_.tellg()) : 0;
    count_ = static_cast<std::uint64_t>(size < 0 ? 0 : size + kPageSize - 1) / kPageSize;
    for (std::uint64_t frame = 0; auto number = frame_page(frame); ++frame) {
      newest_[*number] = frame;
      frames_ = frame + 1;
    }
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t frames() const { return frames_; }
  Bytes in_database(std::uint64_t number) { return read(database_, (number - 1) * kPageSize); }
  Bytes in_frame(std::uint64_t frame) { return read(wal_, frame_offset(frame) + kFrameHeader); }
  std::uint32_t number_of_frame(std::uint64_t frame) { return frame_page(frame).value_or(0); }
  Bytes newest(std::uint32_t number) {
    const auto found = newest_.find(number);
    return found == newest_.end() ? in_database(number) : in_frame(found->second);
  }

 private:
  static std::uint64_t frame_offset(std::uint64_t frame) {
    return kWalHeader + frame * (kFrameHeader + kPageSize);
  }
  std::optional<std::uint32_t> frame_page(std::uint64_t frame) {
    std::array<char, 4> number{};
    wal_.clear();
    wal_.seekg(static_cast<std::streamoff>(frame_offset(frame)));
    if (!wal_.read(number.data(), number.size())) return std::nullopt;
    return big_endian(number.data(), number.size());
  }
  static Bytes read(std::ifstream& file, std::uint64_t offset) {
    Bytes page(kPageSize, '\0');
    file.clear();
    file.seekg(static_cast<std::streamoff>(offset));
    file.read(page.data(), kPageSize);
    return page;
  }

  std::ifstream database_, wal_;
  std::uint64_t count_ = 0, frames_ = 0;
  std::unordered_map<std::uint32_t, std::uint64_t> newest_;
};

// A cell's payload, overflow pages included; nullopt when it does not hang together.
std::optional<Bytes> payload(Pages& pages, std::string_view page, std::size_t at,
                             std::uint64_t size) {
  constexpr std::uint64_t usable = kPageSize;
  constexpr std::uint64_t max_local = usable - 35;
  constexpr std::uint64_t min_local = (usable - 12) * 32 / 255 - 23;
  if (size > kMaxPayload) return std::nullopt;
  std::uint64_t local = size;
  if (size > max_local) {
    const std::uint64_t wanted = min_local + (size - min_local) % (usable - 4);
    local = wanted <= max_local ? wanted : min_local;
  }
  if (at + local > page.size()) return std::nullopt;
  Bytes out(page.substr(at, local));
  if (local == size) return out;
  if (at + local + 4 > page.size()) return std::nullopt;
  std::uint32_t next = big_endian(page.data() + at + local, 4);
  while (out.size() < size) {
    if (next == 0) return std::nullopt;
    const Bytes overflow = pages.newest(next);
    next = big_endian(overflow.data(), 4);
    out.append(overflow, 4, std::min<std::uint64_t>(usable - 4, size - out.size()));
  }
  return out;
}

struct Column {
  bool is_integer = false;
  std::int64_t integer = 0;
  std::string_view bytes;
};

std::optional<Column> read_column(std::string_view record, std::uint64_t serial, std::size_t& at) {
  static constexpr std::array<std::size_t, 7> kWidths{0, 1, 2, 3, 4, 6, 8};
  Column column;
  if (serial == 0) return column;
  if (serial <= 6 || serial == 8 || serial == 9) {
    column.is_integer = true;
    if (serial > 6) {
      column.integer = serial == 9 ? 1 : 0;
      return column;
    }
    const std::size_t width = kWidths[serial];
    if (at + width > record.size()) return std::nullopt;
    std::uint64_t value = (record[at] & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < width; ++i)
      value = value << 8 | static_cast<unsigned char>(record[at + i]);
    column.integer = static_cast<std::int64_t>(value);
    at += width;
    return column;
  }
  if (serial < 12) return std::nullopt;
  const std::uint64_t size = (serial - 12) / 2;
  if (size > record.size() || at + size > record.size()) return std::nullopt;
  column.bytes = record.substr(at, size);
  at += size;
  return column;
}

std::optional<std::array<Column, kEventColumnCount>> read_record(std::string_view record) {
  std::size_t header_at = 0;
  const auto header_size = varint(record, header_at);
  if (!header_size || *header_size > record.size()) return std::nullopt;
  const auto header = record.substr(0, *header_size);
  std::size_t at = *header_size;
  std::array<Column, kEventColumnCount> columns;
  for (auto& column : columns) {
    // A row of version 2 ends with the body.
    if (header_at == header.size() && &column == &columns[kVia]) break;
    const auto serial = varint(header, header_at);
    const auto value = serial ? read_column(record, *serial, at) : std::nullopt;
    if (!value) return std::nullopt;
    column = *value;
  }
  if (header_at != header.size() || at != record.size()) return std::nullopt;
  return columns;
}

// nullopt: no row of `events`. `bad_checksum` is set for one whose body does not match.
std::optional<core::Event> to_event(std::uint64_t seq, std::string_view record,
                                    core::Sha256Hasher& hasher, bool& bad_checksum) {
  const auto columns = read_record(record);
  if (!columns) return std::nullopt;
  const auto& row = *columns;
  const bool shaped = row[kId].bytes.size() == 16 && row[kTime].is_integer &&
                      row[kReceived].is_integer && row[kType].is_integer &&
                      row[kFlags].is_integer && row[kCheck].is_integer && !row[kBody].is_integer &&
                      row[kBody].bytes.starts_with('{');
  if (!shaped) return std::nullopt;
  core::Event event;
  event.body = row[kBody].bytes;
  event.body_hash = hasher.hash(event.body);
  event.seq = seq;
  event.id = core::event_id_from_bytes(row[kId].bytes);
  event.time = core::from_nanos(row[kTime].integer);
  event.received = core::from_nanos(row[kReceived].integer);
  event.type_name = row[kTypeName].bytes;
  event.source = row[kSource].bytes;
  event.workload = row[kWorkload].bytes;
  event.cluster = row[kCluster].bytes;
  event.severity = row[kSeverity].bytes;
  event.collector = row[kCollector].bytes;
  event.agent = row[kAgent].bytes;
  event.via = row[kVia].bytes;
  const std::int64_t flags = row[kFlags].integer;
  event.zone_assumed = (flags & kZoneAssumed) != 0;
  event.keyed = (flags & kKeyed) != 0;
  if ((flags & kTimeTransport) != 0) event.time_source = core::TimeSource::kTransport;
  if ((flags & kTimeArrival) != 0) event.time_source = core::TimeSource::kArrival;
  bad_checksum = row_check(event) != row[kCheck].integer;
  if (bad_checksum) return std::nullopt;
  return event;
}

void scan_page(Pages& pages, std::uint32_t number, std::string_view page,
               core::Sha256Hasher& hasher, ScanResult& result,
               const std::function<void(const core::Event&)>& found) {
  result.pages += 1;
  const std::size_t header = number == 1 ? kFirstPageHeader : 0;
  if (page[header] != kTableLeaf) return;
  const std::uint32_t cells = big_endian(page.data() + header + 3, 2);
  for (std::uint32_t i = 0; i < cells; ++i) {
    const std::size_t pointer = header + 8 + 2 * i;
    if (pointer + 2 > page.size()) return;
    std::size_t at = big_endian(page.data() + pointer, 2);
    const auto size = varint(page, at);
    const auto seq = size ? varint(page, at) : std::nullopt;
    if (!seq) continue;
    const auto record = payload(pages, page, at, *size);
    if (!record) continue;
    bool bad_checksum = false;
    const auto event = to_event(*seq, *record, hasher, bad_checksum);
    result.bad_checksums += bad_checksum ? 1 : 0;
    if (!event) continue;
    result.events += 1;
    found(*event);
  }
}

}  // namespace

ScanResult scan_pages(const std::string& database, const std::string& wal,
                      const std::function<void(const core::Event&)>& found) {
  Pages pages(database, wal);
  core::Sha256Hasher hasher;
  ScanResult result;
  for (std::uint64_t frame = pages.frames(); frame-- > 0;) {
    scan_page(pages, pages.number_of_frame(frame), pages.in_frame(frame), hasher, result, found);
  }
  for (std::uint64_t number = 1; number <= pages.count(); ++number) {
    scan_page(pages, static_cast<std::uint32_t>(number), pages.in_database(number), hasher, result,
              found);
  }
  return result;
}

}  // namespace kcloud::journal
