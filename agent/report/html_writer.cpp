// One printable page. The summary stands above the rows and is known behind the last of them, so
// rows are held back; that is why there are at most so many.
#include <fmt/format.h>

#include "agent/report/chart.h"
#include "agent/report/page.h"
#include "agent/report/writer.h"
#include "core/utf8.h"

namespace kcloud::report {
namespace {

constexpr std::uint64_t kMostRows = 10'000;
constexpr std::size_t kMostBytes = 32 << 20;
constexpr std::size_t kMostCell = 600;

class HtmlWriter final : public Writer {
 public:
  void begin(std::string& out, const Head& head) override {
    head_ = head;
    append_opening(out, head);
  }

  void row(std::string&, const Row& row) override {
    if (listed_ == kMostRows || rows_.size() > kMostBytes) return;
    ++listed_;
    const auto title = type_title(row.type, head_.request.language);
    rows_ += "<tr><td class=\"t\">" + local_time(row.time, head_.request.zone) + "</td>";
    cell({row.actor}, {});
    cell({title.empty() ? row.type : title, row.action}, row.target);
    cell({row.cluster, row.workload}, row.source);
    cell({row.reason}, {});
    cell({row.outcome}, {});
    rows_ += "<td>";
    text(row.before.text);
    if (!row.before.text.empty() || !row.after.text.empty()) rows_ += " → ";
    text(row.after.text);
    rows_ += "</td></tr>\n";
  }

  void end(std::string& out, const Summary& summary, const Integrity& integrity) override {
    const Texts& words = texts(head_.request.language);
    append_overview(out, head_, summary, integrity);
    append_proof(out, head_, integrity);
    out += fmt::format("<h2>{}</h2>\n", words.events);
    if (listed_ < summary.rows)
      out += fmt::format("<p>{}</p>\n", fmt::format(fmt::runtime(words.rows_left_off),
                                                    grouped(listed_), grouped(summary.rows)));
    if (listed_ > 0) {
      out += fmt::format(
          "<table class=\"rows\"><colgroup><col style=\"width:13%\"><col style=\"width:11%\">"
          "<col style=\"width:15%\"><col style=\"width:15%\"><col style=\"width:17%\">"
          "<col style=\"width:7%\"><col></colgroup><thead><tr><th>{}</th><th>{}</th><th>{}</th>"
          "<th>{}</th><th>{}</th><th>{}</th><th>{}</th></tr></thead><tbody>\n",
          words.when, words.who, words.what, words.where, words.why, words.outcome, words.change);
      out += rows_;
      out += "</tbody></table>\n";
    } else {
      out += fmt::format("<p>{}</p>\n", words.none_found);
    }
    rows_ = std::string();
  }

  void close(std::string& out, std::string_view sha256) override {
    out += fmt::format("<p class=\"sha\">{}: <code>{}</code></p></body></html>\n",
                       texts(head_.request.language).sha256, sha256);
  }

 private:
  void text(std::string_view value) {
    append_html(rows_, core::utf8_prefix(value, kMostCell));
    if (value.size() > kMostCell) rows_ += texts(head_.request.language).cut;
  }

  void cell(std::initializer_list<std::string_view> parts, std::string_view small) {
    rows_ += "<td>";
    bool first = true;
    for (const auto part : parts) {
      if (part.empty()) continue;
      if (!first) rows_ += "\n";
      first = false;
      text(part);
    }
    if (!small.empty()) {
      rows_ += "<small>";
      text(small);
      rows_ += "</small>";
    }
    rows_ += "</td>";
  }

  Head head_;
  std::string rows_;
  std::uint64_t listed_ = 0;
};

}  // namespace

std::unique_ptr<Writer> html_writer() { return std::make_unique<HtmlWriter>(); }

}  // namespace kcloud::report
