// A small catalogue, events and sealed batches made by hand, for tests of the PostgreSQL exporter.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/catalogue.h"
#include "core/exporter.h"
#include "exporters/postgres/config.h"
#include "tests/support/postgres_server.h"

namespace kcloud::postgres::testing {

// `decision` (scheduler text, cost real, attempts integer, urgent boolean, reason text) and `alert`
// (cost text: another kind). `extra`: a further integer field of `decision`.
std::shared_ptr<const core::Catalogue> make_catalogue(const std::string& extra = {});

std::int32_t today();  // UTC days since 1970

// Events of one journal and the seals over them.
class Chain {
 public:
  Chain(std::uint8_t id, std::shared_ptr<const core::Catalogue> catalogue);

  // An event an age of `minutes` old, a `decision`.
  core::Event& add(const std::string& key, int minutes = 0);
  // Seals what was added since the last one.
  void seal(std::int32_t day = today());
  core::SealedBatches sealed(std::size_t from_seal = 0) const;

  core::EventBatch batch;
  std::vector<core::Seal> seals;

 private:
  std::shared_ptr<const core::Catalogue> catalogue_;
  core::ChainId id_{};
};

Config config_of(const test_support::PostgresServer& server, std::uint16_t port = 0,
                 const std::string& user = "postgres");

// The server that the tests of one program share, with nothing in it.
test_support::PostgresServer& empty_server();

}  // namespace kcloud::postgres::testing
