#include "agent/analytics/answer.h"

#include <algorithm>

#include "core/csv.h"
#include "core/json.h"

namespace kcloud::analytics {
namespace {

void append_figure(std::string& out, const Figure& figure) {
  core::append_key(out, figure.name);
  if (figure.value)
    core::append_json_number(out, *figure.value);
  else
    out += "null";
}

void append_texts(std::string& out, const std::vector<std::pair<std::string, std::string>>& texts) {
  for (const auto& [name, text] : texts) {
    core::append_key(out, name);
    core::append_json_string(out, text);
  }
}

void append_members(std::string& out, const Row& row) {
  append_texts(out, row.keys);
  append_texts(out, row.texts);
  for (const auto& figure : row.figures) append_figure(out, figure);
}

void append_table(std::string& out, const Table& table) {
  core::append_key(out, table.name);
  if (!table.single) out.push_back('[');
  for (const auto& row : table.rows) {
    if (!table.single) core::append_comma(out);
    out.push_back('{');
    append_members(out, row);
    out.push_back('}');
  }
  if (table.single && table.rows.empty()) out += "null";
  if (!table.single) out.push_back(']');
}

void append_csv_row(std::string& out, std::string_view section, const Row& row) {
  std::string key;
  std::string time;
  for (const auto& [name, text] : row.keys) {
    if (name == "time") {
      time = text;
      continue;
    }
    if (!key.empty()) key += "; ";
    key.append(name).append("=").append(text);
  }
  const auto line = [&](std::string_view metric, std::string_view value, bool number) {
    for (const std::string_view cell :
         {section, std::string_view(key), std::string_view(time), metric}) {
      core::append_csv_cell(out, cell);
      out.push_back(',');
    }
    if (number)
      out += value;
    else
      core::append_csv_cell(out, value);
    out += "\r\n";
  };
  for (const auto& [name, text] : row.texts) line(name, text, false);
  for (const auto& figure : row.figures) {
    std::string value;
    if (figure.value) core::append_json_number(value, *figure.value);
    line(figure.name, value, true);
  }
}

}  // namespace

std::string to_json(const Answer& answer) {
  std::string out = "{";
  core::append_key(out, "range");
  out.push_back('{');
  core::append_member(out, "since", core::format_time(answer.since));
  core::append_member(out, "until", core::format_time(answer.until));
  core::append_member(out, "zone", answer.zone);
  out.push_back('}');
  core::append_member(out, "as_of", core::format_time(answer.as_of));
  core::append_key(out, "lag_events");
  out += std::to_string(answer.lag);
  append_members(out, answer.totals);
  for (const auto& table : answer.tables) append_table(out, table);
  return out + "}\n";
}

std::string to_csv(const Answer& answer) {
  std::string out = "section,key,time,metric,value\r\n";
  append_csv_row(out, "range",
                 {{},
                  {{"lag_events", static_cast<double>(answer.lag)}},
                  {{"since", core::format_time(answer.since)},
                   {"until", core::format_time(answer.until)},
                   {"zone", answer.zone},
                   {"as_of", core::format_time(answer.as_of)}}});
  append_csv_row(out, "totals", answer.totals);
  for (const auto& table : answer.tables)
    for (const auto& row : table.rows) append_csv_row(out, table.name, row);
  return out;
}

void select(Row& row, const std::vector<std::string>& metrics) {
  if (metrics.empty()) return;
  std::erase_if(row.figures, [&](const Figure& figure) {
    return std::ranges::find(metrics, figure.name) == metrics.end();
  });
}

}  // namespace kcloud::analytics
