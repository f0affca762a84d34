#include "exporters/postgres/row.h"

#include <cmath>
#include <vector>

namespace kcloud::postgres {
namespace {

// A row of a B-tree holds 2,704 bytes.
constexpr std::size_t kMaxIndexed = 2'000;

std::string_view bytes_of(const core::ChainId& chain) {
  return {reinterpret_cast<const char*>(chain.data()), chain.size()};
}

class Row {
 public:
  explicit Row(CopyRows& rows) : rows_(rows) {}

  void text(std::string_view column, std::string_view value, std::size_t most = SIZE_MAX) {
    if (value.empty()) return rows_.add_null();
    if (value.size() <= most && storable(value)) return rows_.add(value);
    const char* why = value.size() > most ? "too long for an index" : "not storable as text";
    note(column, std::string(why) + ", bytes " + hex(value));
    rows_.add_null();
  }

  void field(const Column& column, const core::FieldValue& value) {
    using Kind = core::FieldValue::Kind;
    if (!value.present()) return rows_.add_null();
    const bool number = value.kind == Kind::kInteger || value.kind == Kind::kReal;
    if (column.type == Type::kText && value.kind == Kind::kText) {
      // Unlike a common field, an empty one was sent.
      if (value.text.empty()) return rows_.add({});
      return text(column.name, value.text);
    }
    if (column.type == Type::kBigint && value.kind == Kind::kInteger)
      return rows_.add(binary(value.integer));
    if (column.type == Type::kReal && number) return rows_.add(binary(value.number()));
    if (column.type == Type::kBoolean && value.kind == Kind::kBoolean)
      return rows_.add(binary(value.boolean));
    note(column.name, "not of the column's type");
    rows_.add_null();
  }

  void note(std::string_view column, const std::string& what) {
    errors_.push_back(std::string(column) + ": " + what);
  }

  void finish() {
    if (errors_.empty()) return rows_.add_null();
    rows_.add(binary_array(Type::kText, errors_));
  }

 private:
  CopyRows& rows_;
  std::vector<std::string> errors_;
};

void append_typed(const core::Event& event, const Layout& layout, Row& row, CopyRows& rows) {
  std::size_t next = 0;
  if (event.type != nullptr && event.type->index < layout.filled.size())
    for (const auto& [column, slot] : layout.filled[event.type->index]) {
      if (slot >= event.fields.size()) continue;
      rows.add_nulls(column - next);
      row.field(layout.columns[column], event.fields[slot]);
      next = column + 1;
    }
  rows.add_nulls(layout.columns.size() - next);
}

}  // namespace

void append_row(const core::Event& event, const core::Seal& seal, const Layout& layout, bool typed,
                CopyRows& rows) {
  rows.start_row(base_columns().size() + layout.columns.size() + 1);
  Row row(rows);
  rows.add(binary_date(seal.day));
  rows.add(event.id.view());
  rows.add(binary_time(event.time));
  rows.add(binary(static_cast<std::int64_t>(core::to_nanos(event.time))));
  rows.add(binary_time(event.received));
  row.text("type", event.type_name, kMaxIndexed);
  row.text("source", event.source);
  row.text("workload", event.workload, kMaxIndexed);
  row.text("cluster", event.cluster);
  row.text("severity", event.severity);
  row.text("actor", event.actor);
  row.text("reason", event.reason);
  row.text("collector", event.collector);
  row.text("agent", event.agent);
  rows.add(bytes_of(seal.chain));
  rows.add(binary(static_cast<std::int64_t>(seal.seq)));
  row.text("body", event.body);
  if (typed) {
    append_typed(event, layout, row, rows);
  } else {
    rows.add_nulls(layout.columns.size());
    row.note("*", "the server refused a value; the body has them all");
  }
  row.finish();
}

std::string copy_statement(const Layout& layout) {
  std::string columns;
  for (const auto& name : base_columns()) columns += '"' + name + "\", ";
  for (const auto& column : layout.columns) columns += '"' + column.name + "\", ";
  return "COPY audit_event (" + columns + "column_errors) FROM STDIN WITH (FORMAT binary)";
}

}  // namespace kcloud::postgres
