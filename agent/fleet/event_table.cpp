#include "agent/fleet/event_table.h"

#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "agent/fleet/event_sql.h"
#include "exporters/postgres/binary.h"

namespace kcloud::fleet {
namespace {

constexpr std::size_t kBatchEvents = 1'000;

// As the journal's append_row(); a NULL is an empty text.
void append_row(const postgres::Result& rows, std::size_t row, core::EventBatch& batch) {
  using Text = std::string_view core::Event::*;
  static constexpr std::array<std::pair<Text, EventColumn>, 8> kTexts{{
      {&core::Event::type_name, kType},
      {&core::Event::source, kSource},
      {&core::Event::workload, kWorkload},
      {&core::Event::cluster, kCluster},
      {&core::Event::severity, kSeverity},
      {&core::Event::collector, kCollector},
      {&core::Event::agent, kAgent},
      {&core::Event::body, kBody},
  }};
  core::Event event;
  event.id = core::event_id_from_bytes(rows.value(row, kId));
  event.time = core::from_nanos(postgres::read_bigint(rows.value(row, kTime)));
  if (!rows.is_null(row, kReceived))
    event.received = postgres::read_time(rows.value(row, kReceived));
  std::size_t size = 0;
  for (const auto& [member, column] : kTexts) size += rows.value(row, column).size();
  char* at = batch.allocate(size);
  for (const auto& [member, column] : kTexts) {
    const auto text = rows.value(row, column);
    if (text.empty()) continue;
    std::memcpy(at, text.data(), text.size());
    event.*member = {at, text.size()};
    at += text.size();
  }
  event.verdict = core::Verdict::kStored;
  batch.events.push_back(event);
}

postgres::Result run(postgres::Connection& connection, const Statement& statement) {
  return connection.run(statement.text, statement.parameters);
}

}  // namespace

journal::Page EventTable::page(const journal::Query& query) {
  const auto rows = run(connection_, select_page(query));
  journal::Page page;
  auto& events = page.batch.events;
  std::size_t bytes = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (events.size() == query.limit || bytes >= query.max_bytes) {
      if (!events.empty()) page.next = {events.back().time, events.back().id};
      break;
    }
    append_row(rows, row, page.batch);
    bytes += events.back().body.size();
  }
  return page;
}

bool EventTable::find(const core::EventId& id, core::EventBatch& batch) {
  const auto day = run(connection_, select_day(id));
  if (day.rows() == 0) return false;
  const auto rows = run(connection_, select_event(id, postgres::read_date(day.value(0, 0))));
  if (rows.rows() == 0) return false;
  append_row(rows, 0, batch);
  return true;
}

void EventTable::events(const std::string& type, core::Time from, core::Time to,
                        const std::function<void(core::EventBatch&)>& take) {
  journal::Query query;
  query.type = type;
  query.since = from;
  query.until = to;
  query.order = journal::Order::kOldestFirst;
  query.limit = kBatchEvents;
  do {
    auto page = this->page(query);
    query.after = page.next;
    if (!page.batch.events.empty()) take(page.batch);
  } while (query.after);
}

}  // namespace kcloud::fleet
