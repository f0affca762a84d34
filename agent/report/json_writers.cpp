// JSON and JSON Lines: the same parts in other frames, a row a line in both.
#include "agent/report/json.h"
#include "agent/report/writer.h"

namespace kcloud::report {
namespace {

class JsonWriter final : public Writer {
 public:
  void begin(std::string& out, const Head& head) override {
    out += "{\"head\":{";
    append_head(out, head);
    out += "},\"rows\":[\n";
  }
  void row(std::string& out, const Row& row) override {
    out += first_ ? "{" : ",{";
    first_ = false;
    append_row(out, row);
    out += "}\n";
  }
  void end(std::string& out, const Summary& summary, const Integrity& integrity) override {
    out += "],\"summary\":{";
    append_summary(out, summary);
    out += "},\"integrity\":{";
    append_integrity(out, integrity);
    out += "},\n";
  }
  void close(std::string& out, std::string_view sha256) override {
    out.append("\"sha256\":\"").append(sha256).append("\"}\n");
  }

 private:
  bool first_ = true;
};

class JsonLinesWriter final : public Writer {
 public:
  void begin(std::string& out, const Head& head) override {
    out += "{\"record\":\"head\"";
    append_head(out, head);
    out += "}\n";
  }
  void row(std::string& out, const Row& row) override {
    out += "{\"record\":\"event\"";
    append_row(out, row);
    out += "}\n";
  }
  void end(std::string& out, const Summary& summary, const Integrity& integrity) override {
    out += "{\"record\":\"summary\"";
    append_summary(out, summary);
    out += "}\n{\"record\":\"integrity\"";
    append_integrity(out, integrity);
    out += "}\n";
  }
  void close(std::string& out, std::string_view sha256) override {
    out.append("{\"record\":\"sha256\",\"sha256\":\"").append(sha256).append("\"}\n");
  }
};

}  // namespace

std::unique_ptr<Writer> json_writer() { return std::make_unique<JsonWriter>(); }
std::unique_ptr<Writer> json_lines_writer() { return std::make_unique<JsonLinesWriter>(); }

}  // namespace kcloud::report
