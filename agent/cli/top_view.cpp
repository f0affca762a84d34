#include "agent/cli/top_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace kcloud::cli {
namespace {

constexpr std::size_t kSmallWidth = 44, kSmallHeight = 14;
constexpr std::size_t kShortestName = 12;

using Lines = std::vector<Line>;

void append(Lines& out, Lines more) {
  out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Style style_of(const std::string& word) {
  if (word == "healthy" || word == "open" || word == "idle" || word == "delivering" ||
      word == "running") {
    return Style::kGood;
  }
  const bool warns = word == "degraded" || word == "retrying" || word == "recovering" ||
                     word == "paused" || word == "unconnected";
  return warns ? Style::kWarning : Style::kBad;
}

Style alarm(double value, Style when = Style::kWarning) { return value > 0 ? when : Style::kPlain; }

Line labelled(const char* label, std::string text, Style style = Style::kPlain) {
  return {{std::string(label) + " ", Style::kDim}, {std::move(text), style}};
}

Line status_piece(const TopModel& model) {
  if (!model.connected) return {{"no answer", Style::kBad}};
  const std::string word = model.status.empty() ? "up" : model.status;
  return {{word, style_of(word)}};
}

Lines lost(const TopModel& model, std::size_t width, std::size_t max_lines) {
  if (model.connected) return {};
  return flow({{{model.error, Style::kBad}},
               labelled("for", age_text(model.silent_seconds)),
               {{"trying again", Style::kDim}}},
              width, max_lines);
}

Lines header(const TopModel& model, const Frame& frame, std::size_t max_lines) {
  std::vector<Line> pieces = {
      {{"kcloud-logger" + (model.version.empty() ? "" : " " + model.version), Style::kBold}},
      status_piece(model)};
  if (!model.agent.empty()) pieces.push_back({{model.agent}});
  pieces.push_back(labelled("up", age_text(model.uptime_seconds)));
  if (frame.keys)
    pieces.push_back(labelled("every", fmt::format("{:g} s", frame.interval_seconds)));
  if (frame.paused) pieces.push_back({{"PAUSED", Style::kWarning}});
  pieces.push_back({{frame.url, Style::kDim}});
  return flow(pieces, frame.width, max_lines);
}

double highest(const std::deque<double>& values, std::size_t newest) {
  double top = 0;
  const std::size_t shown = std::min(newest, values.size());
  for (std::size_t i = values.size() - shown; i < values.size(); ++i) {
    if (values[i] > top) top = values[i];
  }
  return top;
}

// The stored rate: the figure and its last minutes.
Lines stored(const TopModel& model, std::size_t width, std::size_t rows) {
  const std::string now = rate_text(model.stored_rate) + "/s";
  const std::size_t margin = std::max<std::size_t>(display_width("stored " + now), 14) + 1;
  if (width < margin + 4) return {labelled("stored", now, Style::kBold)};
  const double top = highest(model.stored_history, width - margin);
  const auto lines = graph(model.stored_history, width - margin, rows, top);
  Lines out;
  for (std::size_t row = 0; row < rows; ++row) {
    Line label = {{"", Style::kDim}};
    if (row + 1 == rows) label = labelled("stored", now, Style::kBold);
    if (row == 0 && rows > 1) label = labelled("max", rate_text(top) + "/s", Style::kDim);
    label.push_back({std::string(margin - display_width(label), ' ')});
    label.push_back({lines[row], Style::kGood});
    out.push_back(std::move(label));
  }
  return out;
}

Lines intake(const TopModel& model, std::size_t width) {
  std::vector<Column> columns = {{"INTAKE", false, 0, kShortestName},
                                 {"stored/s"},
                                 {"received/s", true, 3},
                                 {"duplicates/s", true, 4},
                                 {"conflicts/s", true, 5},
                                 {"rejected/s", true, 2},
                                 {"busy 503/s", true, 1}};
  const bool states = std::any_of(model.collectors.begin(), model.collectors.end(),
                                  [](const CollectorRow& row) { return !row.state.empty(); });
  if (states) columns.insert(columns.begin() + 1, {"state", false});
  Lines rows;
  for (const CollectorRow& row : model.collectors) {
    Line line = {{row.name}};
    if (states) line.push_back({row.state.empty() ? "–" : row.state, style_of(row.state)});
    line.insert(line.end(), {{rate_text(row.stored), Style::kBold},
                             {rate_text(row.received)},
                             {rate_text(row.duplicates)},
                             {rate_text(row.conflicts), alarm(row.conflicts)},
                             {rate_text(row.rejected), alarm(row.rejected)},
                             {rate_text(row.busy), alarm(row.busy, Style::kBad)}});
    rows.push_back(std::move(line));
  }
  return table(std::move(columns), std::move(rows), width);
}

Line ack_piece(const TopModel& model) {
  return {{"ack ", Style::kDim},
          {"p50 ", Style::kDim},
          {seconds_text(model.ack_p50, model.ack_bound)},
          {"  p99 ", Style::kDim},
          {seconds_text(model.ack_p99, model.ack_bound), Style::kBold}};
}

double fullness(const TopModel& model) { return model.journal_bytes / model.journal_max_bytes; }

Line size_piece(const TopModel& model, bool bar) {
  const double share = fullness(model);
  Line piece = {{bytes_text(model.journal_bytes)},
                {" of ", Style::kDim},
                {bytes_text(model.journal_max_bytes)}};
  if (std::isnan(share)) return piece;
  if (bar) {
    constexpr std::size_t kWidth = 16;
    std::string blocks;
    for (std::size_t i = 0; i < kWidth; ++i) {
      blocks += static_cast<double>(i) + 0.5 < share * static_cast<double>(kWidth) ? "█" : "·";
    }
    piece.push_back({" " + blocks, share > 0.9 ? Style::kWarning : Style::kGood});
  }
  piece.push_back({fmt::format(" {:.0f} %", share * 100)});
  return piece;
}

Lines journal(const TopModel& model, std::size_t width, std::size_t max_lines) {
  std::vector<Line> pieces = {
      {{"JOURNAL", Style::kTitle}},
      {{model.journal_state.empty() ? "–" : model.journal_state, style_of(model.journal_state)}},
      {{count_text(model.journal_events)}, {" events", Style::kDim}},
      size_piece(model, width >= 100),
      labelled("queue", bytes_text(model.queued_bytes)),
      {{rate_text(model.commit_rate)},
       {" commits/s of ", Style::kDim},
       {rate_text(model.events_per_commit)},
       {" events, ", Style::kDim},
       {seconds_text(model.commit_seconds)},
       {" each", Style::kDim}}};
  if (model.failed_commits > 0) {
    pieces.push_back({{count_text(model.failed_commits) + " failed commits", Style::kBad}});
  }
  if (!model.journal_error.empty()) pieces.push_back({{model.journal_error, Style::kBad}});
  return flow(pieces, width, max_lines);
}

Line error_line(const SinkRow& sink) {
  const bool calm = style_of(sink.phase) == Style::kGood;
  return {{calm ? "  last error: " : "  ", Style::kDim},
          {sink.last_error, calm ? Style::kDim : Style::kWarning}};
}

Lines sinks(const TopModel& model, std::size_t width) {
  if (model.sinks.empty()) return {{{"SINKS", Style::kTitle}, {"  none configured", Style::kDim}}};
  std::vector<Column> columns = {{"SINKS", false, 0, kShortestName},
                                 {"state", false},
                                 {"lag events", true, 1},
                                 {"lag time", true, 3},
                                 {"delivered/s", true, 2},
                                 {"retried", true, 6},
                                 {"rejected", true, 4},
                                 {"skipped", true, 7}};
  Lines rows;
  for (const SinkRow& sink : model.sinks) {
    rows.push_back({{sink.name + (sink.required ? " *" : "")},
                    {sink.phase.empty() ? "–" : sink.phase, style_of(sink.phase)},
                    {count_text(sink.lag_events)},
                    {age_text(sink.lag_seconds), alarm(sink.lag_seconds - 60)},
                    {rate_text(sink.delivered), Style::kBold},
                    {count_text(sink.retried)},
                    {count_text(sink.rejected), alarm(sink.rejected)},
                    {count_text(sink.skipped), alarm(sink.skipped, Style::kBad)}});
  }
  const Lines lines = table(std::move(columns), std::move(rows), width);
  Lines out = {lines.front()};
  for (std::size_t i = 0; i < model.sinks.size(); ++i) {
    out.push_back(lines[i + 1]);
    if (!model.sinks[i].last_error.empty()) out.push_back(error_line(model.sinks[i]));
  }
  return out;
}

Line dead_piece(const TopModel& model) {
  return {{"dead letters ", Style::kDim},
          {count_text(model.dead_letters), alarm(model.dead_letters)},
          {" (" + rate_text(model.dead_letter_rate) + "/s)", Style::kDim}};
}

Lines rest(const TopModel& model, std::size_t width, std::size_t max_lines) {
  std::vector<Line> pieces = {
      dead_piece(model),
      labelled("stream clients", count_text(model.stream_clients)),
      labelled("connections", count_text(model.connections)),
      labelled("memory", bytes_text(model.resident_bytes)),
      labelled("CPU",
               std::isnan(model.cpu_share) ? "–" : fmt::format("{:.0f} %", model.cpu_share * 100)),
      labelled("threads", count_text(model.threads))};
  if (model.denied_rate > 0) {
    pieces.push_back({{rate_text(model.denied_rate) + " denied/s", Style::kWarning}});
  }
  return flow(pieces, width, max_lines);
}

Lines alerts(const TopModel& model) {
  const auto count = model.alerts ? std::to_string(model.alerts->size()) : std::string("–");
  Lines out = {
      {{"ALERTS", Style::kTitle},
       {"  " + count, model.alerts && !model.alerts->empty() ? Style::kBad : Style::kPlain}}};
  if (model.alerts) {
    for (const std::string& alert : *model.alerts) out.push_back({{alert, Style::kWarning}});
  }
  return out;
}

Lines help() {
  Lines out;
  for (const auto& [key, what] :
       {std::pair{"q      ", "quit"}, std::pair{"p      ", "pause, go on"},
        std::pair{"+ -    ", "longer, shorter interval"}, std::pair{"h      ", "this, and back"}}) {
    out.push_back({{key, Style::kBold}, {what}});
  }
  for (const char* line :
       {"", "Rates: of the last interval.",
        "Ack: from a request's last byte to its answer, last 10 s.",
        "A sink with * is required: it may fill the journal.", "–: nothing is known."}) {
    out.push_back({{line}});
  }
  return out;
}

// A line for each part, the most important first.
Lines small(const TopModel& model, const Frame& frame) {
  std::vector<Line> pieces = {status_piece(model), labelled("up", age_text(model.uptime_seconds))};
  if (frame.paused) pieces.insert(pieces.begin(), {{"PAUSED", Style::kWarning}});
  Lines out = flow(pieces, frame.width, 1);
  append(out, lost(model, frame.width, 1));
  append(out, stored(model, frame.width, 1));
  append(out, flow({labelled("ack p99", seconds_text(model.ack_p99, model.ack_bound), Style::kBold),
                    labelled("p50", seconds_text(model.ack_p50, model.ack_bound))},
                   frame.width, 1));
  std::vector<SinkRow> rows = model.sinks;
  std::stable_partition(rows.begin(), rows.end(),
                        [](const SinkRow& sink) { return style_of(sink.phase) != Style::kGood; });
  for (const SinkRow& sink : rows) {
    const std::size_t room = frame.width - std::min(frame.width, display_width(sink.phase) + 2);
    append(out, flow({{{fit(sink.name, room), Style::kBold}},
                      {{sink.phase, style_of(sink.phase)}},
                      labelled("lag", count_text(sink.lag_events)),
                      labelled("age", age_text(sink.lag_seconds))},
                     frame.width, 1));
  }
  append(out, flow({labelled("journal", model.journal_state, style_of(model.journal_state)),
                    size_piece(model, false)},
                   frame.width, 1));
  append(out, flow({dead_piece(model)}, frame.width, 1));
  append(out, flow({labelled("memory", bytes_text(model.resident_bytes)),
                    labelled("stream", count_text(model.stream_clients))},
                   frame.width, 1));
  return out;
}

Lines large(const TopModel& model, const Frame& frame) {
  const Line blank;
  Lines out = header(model, frame, 3);
  append(out, lost(model, frame.width, 2));
  if (frame.keys) {
    append(out, stored(model, frame.width, frame.height >= 40 ? 8 : frame.height >= 22 ? 4 : 1));
  }
  out.push_back(blank);
  append(out, intake(model, frame.width));
  out.push_back(ack_piece(model));
  out.push_back(blank);
  append(out, journal(model, frame.width, 4));
  append(out, rest(model, frame.width, 4));
  out.push_back(blank);
  append(out, sinks(model, frame.width));
  out.push_back(blank);
  append(out, alerts(model));
  return out;
}

}  // namespace

std::vector<Line> render(const TopModel& model, const Frame& frame) {
  const bool is_small = frame.width < kSmallWidth || frame.height < kSmallHeight;
  Lines out = frame.help ? help() : is_small ? small(model, frame) : large(model, frame);
  const std::size_t room = frame.height - (frame.keys && !is_small ? 1 : 0);
  if (out.size() > room) {
    std::erase_if(out, [](const Line& line) { return line.empty(); });
  }
  if (out.size() > room) out.resize(room);
  if (frame.keys && !is_small) {
    out.resize(room);
    out.push_back({{"q", Style::kBold},
                   {" quit  ", Style::kDim},
                   {"p", Style::kBold},
                   {" pause  ", Style::kDim},
                   {"+ -", Style::kBold},
                   {" interval  ", Style::kDim},
                   {"h", Style::kBold},
                   {" help", Style::kDim}});
  }
  for (Line& line : out) line = cut(line, frame.width);
  return out;
}

}  // namespace kcloud::cli
