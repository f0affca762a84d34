// Writes sealed batches to PostgreSQL: each event once, whichever agent and however often it is
// delivered, beside the seals that prove it.
//
// One transaction a call. After a lost answer to COMMIT the database itself says what it has.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/catalogue.h"
#include "core/exporter.h"
#include "exporters/postgres/config.h"
#include "exporters/postgres/connection.h"
#include "exporters/postgres/layout.h"
#include "exporters/postgres/rollup_store.h"
#include "exporters/postgres/store.h"

namespace kcloud::postgres {

class Exporter final : public core::Exporter {
 public:
  // What is rolled up; of shared sums. Empty: what the catalogue says.
  struct Rolled {
    std::shared_ptr<const rollups::Plan> plan;
    std::string zone = "UTC";  // whose days are kept where no agent's are yet
  };
  Exporter(Config config, std::shared_ptr<const core::Catalogue> catalogue, std::string agent,
           Rolled rolled = {nullptr, "UTC"});
  ~Exporter() override;

  core::Delivery deliver(std::span<const core::Event> events) override;
  bool keeps_seals() const override { return true; }
  core::SealedHead sealed_head(const core::ChainId& chain) override;
  std::optional<core::Sha256> sealed_hash(const core::ChainId& chain, std::uint64_t seq) override;
  core::Delivery deliver_sealed(const core::SealedBatches& sealed) override;
  std::vector<core::ProbeStep> probe() override;
  void interrupt() override;

 private:
  Connection& connected();
  Result ask(const std::string& statement, const std::vector<Parameter>& parameters);
  core::Delivery attempt(const core::SealedBatches& sealed);
  void make_partitions(const std::vector<Batch>& batches);
  void look_after();
  void trouble(const char* what, const std::string& why);

  const Config config_;
  const std::shared_ptr<const core::Catalogue> catalogue_;
  const std::string agent_;
  const int stop_fd_;
  std::unique_ptr<Connection> connection_;
  Layout layout_;
  Store store_;
  RollupStore rollups_;
  std::set<std::int32_t> event_days_;  // with a partition for certain
  std::set<std::int32_t> id_days_;
  std::int64_t retained_at_ = 0;  // day since 1970
  std::string trouble_;           // of what is done beside deliveries: said once
};

// What an error of PostgreSQL means for the batch.
core::Delivery judge(const Error& error);

}  // namespace kcloud::postgres
