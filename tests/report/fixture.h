// Small reports: a head and rows with nothing by chance.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/report/writer.h"
#include "core/hex.h"

namespace kcloud::report {

inline core::Time at(std::string_view text) { return core::parse_time(text, core::Zone())->time; }

inline Head head_of(Format format, Language language = Language::kEnglish) {
  Head head;
  head.request.since = at("2025-01-14T15:00:00Z");
  head.request.until = at("2025-01-15T15:00:00Z");
  head.request.zone = core::Zone("Asia/Seoul");
  head.request.format = format;
  head.request.language = language;
  head.made = at("2025-01-16T00:00:00Z");
  head.agent = "agent-1";
  head.version = "0.1.0";
  head.by = "auditor";
  head.event = "01946a2e-89c0-8000-8000-000000000001";
  head.epoch = "0a1b2c3d";
  head.head = 42;
  return head;
}

inline Row policy_row() {
  Row row;
  row.time = at("2025-01-15T10:30:00.5Z");
  row.type = "policy_change";
  row.action = "updated";
  row.target = "power-saving";
  row.actor = "sre@example.org";
  row.cluster = "전주-클러스터";
  row.source = "policy-api";
  row.reason = "최적 전력 효율성";
  row.before = {R"json({"cap":900})json", true};
  row.after = {R"json({"cap":"750W, 야간"})json", true};
  row.agent = "agent-1";
  return row;
}

struct Made {
  std::string body, last;
  std::string all() const { return body + last; }
};

inline Made write(const Head& head, const std::vector<Row>& rows, const Integrity& integrity = {},
                  const Kept& kept = {.agent = AgentCounts(), .oldest = {}, .dropped = {}}) {
  Summary summary(head, std::chrono::minutes(1));
  summary.kept = kept;
  const auto writer = make_writer(head.request.format);
  Made made;
  writer->begin(made.body, head);
  for (const auto& row : rows) {
    ++summary.rows;
    summary.types.add(row.type);
    summary.histogram.add(row.time);
    writer->row(made.body, row);
  }
  writer->end(made.body, summary, integrity);
  writer->close(made.last, core::to_hex(core::sha256(made.body)));
  return made;
}

}  // namespace kcloud::report
