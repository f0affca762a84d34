#include "exporters/postgres/exporter.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "exporters/postgres/binary.h"
#include "exporters/postgres/schema.h"

namespace kcloud::postgres {

namespace {

constexpr std::int64_t kDayMs = 86'400'000;

template <std::size_t N>
std::string bytes_of(const std::array<std::uint8_t, N>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::int32_t id_day(const core::EventId& id) {
  return static_cast<std::int32_t>(id.unix_ms() / kDayMs);
}

std::int64_t signed_of(std::uint64_t number) { return static_cast<std::int64_t>(number); }

core::Sha256 read_hash(std::string_view bytes) {
  core::Sha256 hash{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), hash.size()), hash.begin());
  return hash;
}

// The events of each seal: up to its position in the journal.
std::vector<Batch> batches_of(const core::SealedBatches& sealed) {
  std::vector<Batch> batches;
  auto rest = sealed.events;
  for (const auto& seal : sealed.seals) {
    const auto end = std::ranges::find_if(
        rest, [&](const core::Event& event) { return event.seq > seal.journal_end; });
    const auto count = static_cast<std::size_t>(end - rest.begin());
    batches.push_back({&seal, rest.first(count)});
    rest = rest.subspan(count);
  }
  return batches;
}

struct OtherChain : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Leaves the batches that the database does not have. Throws OtherChain.
void drop_stored(Connection& connection, std::vector<Batch>& batches) {
  const auto& first = *batches.front().seal;
  const auto stored = connection.run(
      "SELECT seq, hash FROM audit_batch WHERE chain_id = $1 AND seq >= $2 AND seq <= $3",
      {parameter(Type::kUuid, bytes_of(first.chain)),
       parameter(Type::kBigint, binary(signed_of(first.seq) - 1)),
       parameter(Type::kBigint, binary(signed_of(batches.back().seal->seq)))});
  std::map<std::int64_t, std::string> hashes;
  for (std::size_t row = 0; row < stored.rows(); ++row)
    hashes.emplace(read_bigint(stored.value(row, 0)), stored.value(row, 1));
  const auto differs = [&](std::uint64_t seq, const core::Sha256& hash) {
    const auto found = hashes.find(signed_of(seq));
    return found != hashes.end() && found->second != bytes_of(hash);
  };
  for (const auto& batch : batches)
    if (differs(batch.seal->seq, batch.seal->hash) ||
        differs(batch.seal->seq - 1, batch.seal->prev))
      throw OtherChain(fmt::format(
          "chain {}: the database has another batch {}; was the data directory cloned or restored? "
          "Two agents must not share one",
          core::to_string(batch.seal->chain), batch.seal->seq));
  std::erase_if(batches,
                [&](const Batch& batch) { return hashes.contains(signed_of(batch.seal->seq)); });
}

}  // namespace

core::Delivery judge(const Error& error) {
  const std::string& state = error.state;
  const std::string reason = fmt::format("PostgreSQL: {}", error.what());
  // A person is needed: login, permission, a schema or database that is not there, a full set of
  // rules broken. Everything else passes by itself or is tried again.
  const bool hold = state.starts_with("28") || state.starts_with("42") || state.starts_with("3F") ||
                    state.starts_with("3D") || state.starts_with("22") || state.starts_with("0A");
  return hold ? core::Delivery::hold(reason) : core::Delivery::retry(reason);
}

Exporter::Exporter(Config config, std::shared_ptr<const core::Catalogue> catalogue,
                   std::string agent, Rolled rolled)
    : config_(std::move(config)),
      catalogue_(std::move(catalogue)),
      agent_(std::move(agent)),
      stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      rollups_(rolled.plan ? std::move(rolled.plan)
                           : std::make_shared<const rollups::Plan>(
                                 catalogue_, std::vector<rollups::Judged>(), true),
               std::move(rolled.zone)) {
  if (stop_fd_ < 0) throw std::runtime_error("postgres: no eventfd");
  if (config_.retention_days < 365)
    spdlog::warn("postgres: retention_days is {}; audit rows are commonly kept 365 days or longer",
                 config_.retention_days);
}

Exporter::~Exporter() {
  connection_.reset();
  ::close(stop_fd_);
}

void Exporter::interrupt() { ::eventfd_write(stop_fd_, 1); }

core::Delivery Exporter::deliver(std::span<const core::Event>) {
  return core::Delivery::hold("postgres takes sealed batches alone");
}

Connection& Exporter::connected() {
  if (connection_) return *connection_;
  auto made = std::make_unique<Connection>(config_, stop_fd_);
  check_encoding(*made);
  layout_ = prepare_schema(*made, config_, *catalogue_);
  event_days_.clear();
  id_days_.clear();
  rollups_.forget();
  connection_ = std::move(made);
  return *connection_;
}

// Throws as core::Exporter::sealed_head does.
Result Exporter::ask(const std::string& statement, const std::vector<Parameter>& parameters) {
  try {
    return connected().run(statement, parameters);
  } catch (const Error& error) {
    connection_.reset();
    const auto verdict = judge(error);
    if (verdict.kind == core::Delivery::Kind::kHold) throw core::Held(verdict.reason);
    throw std::runtime_error(verdict.reason);
  }
}

core::SealedHead Exporter::sealed_head(const core::ChainId& chain) {
  const auto found =
      ask("SELECT seq, hash FROM audit_batch WHERE chain_id = $1 ORDER BY seq DESC LIMIT 1",
          {parameter(Type::kUuid, bytes_of(chain))});
  core::SealedHead head;
  if (found.rows() == 0) return head;
  head.seq = static_cast<std::uint64_t>(read_bigint(found.value(0, 0)));
  head.hash = read_hash(found.value(0, 1));
  return head;
}

std::optional<core::Sha256> Exporter::sealed_hash(const core::ChainId& chain, std::uint64_t seq) {
  const auto found = ask(
      "SELECT hash FROM audit_batch WHERE chain_id = $1 AND seq = $2",
      {parameter(Type::kUuid, bytes_of(chain)), parameter(Type::kBigint, binary(signed_of(seq)))});
  if (found.rows() == 0) return std::nullopt;
  return read_hash(found.value(0, 0));
}

core::Delivery Exporter::deliver_sealed(const core::SealedBatches& sealed) {
  if (sealed.seals.empty()) return core::Delivery::delivered();
  for (bool again = true;; again = false) {
    try {
      auto delivery = attempt(sealed);
      look_after();
      return delivery;
    } catch (const Error& error) {
      connection_.reset();
      // Another connection of this chain was faster: what it stored is looked at once more.
      if (again && error.state == "23505") continue;
      return judge(error);
    } catch (const OtherChain& error) {
      connection_.reset();
      return core::Delivery::hold(error.what());
    }
  }
}

core::Delivery Exporter::attempt(const core::SealedBatches& sealed) {
  auto batches = batches_of(sealed);
  Connection& connection = connected();
  drop_stored(connection, batches);
  auto delivery = core::Delivery::delivered();
  if (batches.empty()) return delivery;
  make_partitions(batches);
  connection.script("BEGIN");
  store_.write(connection, layout_, batches, rollups_);
  connection.script("COMMIT");
  for (const auto& event : sealed.events) delivery.bytes += event.body.size();
  return delivery;
}

// In transactions of their own and before the one that writes, as making one locks the table.
void Exporter::make_partitions(const std::vector<Batch>& batches) {
  std::set<std::int32_t> missing;
  for (const auto& batch : batches) {
    if (!event_days_.contains(batch.seal->day)) {
      connection_->run("SELECT audit_make_partitions($1, $1 + 7)",
                       {parameter(Type::kDate, binary_date(batch.seal->day))});
      event_days_.insert(batch.seal->day);
    }
    for (const auto& event : batch.events)
      if (!id_days_.contains(id_day(event.id))) missing.insert(id_day(event.id));
  }
  if (missing.empty()) return;
  std::vector<std::string> days;
  days.reserve(missing.size());
  for (const auto day : missing) days.push_back(binary_date(day));
  connection_->run("SELECT audit_make_id_partitions($1)", {array_parameter(Type::kDate, days)});
  id_days_.insert(missing.begin(), missing.end());
}

// Retention once a day, the rollups as they need it. What could not be done now is no reason to
// deliver again.
void Exporter::look_after() {
  const auto now = core::SystemClock().now();
  const auto today = now.time_since_epoch() / std::chrono::hours(24);
  const char* what = "retention";
  try {
    if (retained_at_ != today) {
      retained_at_ = today;
      connected().run("SELECT audit_retain($1::bigint::integer, $2)",
                      {parameter(Type::kBigint, binary(std::int64_t{config_.retention_days})),
                       parameter(Type::kText, storable(agent_) ? agent_ : "")});
    }
    what = "upkeep of the rollups";
    rollups_.upkeep(connected(), now, std::chrono::days(config_.retention_days));
    trouble_.clear();
  } catch (const Error& error) {
    connection_.reset();
    trouble(what, error.what());
  } catch (const std::runtime_error& error) {
    // A damaged rollup: the connection is as good as before, its transaction is left.
    connection_->script("ROLLBACK");
    rollups_.forget();
    trouble(what, error.what());
  }
}

void Exporter::trouble(const char* what, const std::string& why) {
  if (trouble_ == why) return;
  trouble_ = why;
  spdlog::warn("postgres: {} was not done; it is tried again: {}", what, why);
}

}  // namespace kcloud::postgres
