// CSV (RFC 4180): one table. Rows of events leave `name` and `value` empty; all others have nothing
// else.
#include <utility>

#include "agent/report/json.h"
#include "agent/report/texts.h"
#include "agent/report/writer.h"
#include "core/csv.h"
#include "core/json.h"

namespace kcloud::report {
namespace {

constexpr std::string_view kHead =
    "record,time,type,action,target,actor,cluster,workload,source,reason,outcome,before,after,id,"
    "agent,name,value\r\n";
constexpr std::string_view kNoEvent = ",,,,,,,,,,,,,,,";

// `members`: of an object, behind its opening brace. `null`: what a cell says instead.
void append_facts(std::string& out, std::string_view record, std::string members,
                  std::string_view null = {}) {
  members += "}";
  for (const auto& [name, value] : core::json_members(members)) {
    out.append(record).append(kNoEvent).append(name).push_back(',');
    core::append_csv_cell(out, value == "null" ? null : value);
    out += "\r\n";
  }
}

class CsvWriter final : public Writer {
 public:
  void begin(std::string& out, const Head& head) override {
    out += kHead;
    std::string members = "{";
    append_head(members, head);
    append_facts(out, "head", std::move(members));
  }
  void row(std::string& out, const Row& row) override {
    out += "event,";
    core::append_time(out, row.time);
    for (const auto cell : {row.type, row.action, row.target, row.actor, row.cluster, row.workload,
                            row.source, row.reason, row.outcome, row.before.text, row.after.text}) {
      out += ",";
      core::append_csv_cell(out, cell);
    }
    out += ",";
    core::append_id(out, row.id);
    out += ",";
    core::append_csv_cell(out, row.agent);
    out += ",,\r\n";
  }
  void end(std::string& out, const Summary& summary, const Integrity& integrity) override {
    std::string counted = "{";
    append_summary(counted, summary);
    append_facts(out, "summary", std::move(counted), texts(Language::kEnglish).not_known);
    std::string sealed = "{";
    append_integrity(sealed, integrity);
    append_facts(out, "integrity", std::move(sealed));
  }
  void close(std::string& out, std::string_view sha256) override {
    out.append("end").append(kNoEvent).append("sha256,").append(sha256).append("\r\n");
  }
};

}  // namespace

std::unique_ptr<Writer> csv_writer() { return std::make_unique<CsvWriter>(); }

}  // namespace kcloud::report
