// The connection cut at every message of a delivery, the one with COMMIT too.
#include <gtest/gtest.h>

#include <random>

#include "exporters/postgres/exporter.h"
#include "tests/exporters/postgres/fixtures.h"
#include "tests/support/tcp_proxy.h"

namespace kcloud::postgres {
namespace {

using test_support::TcpProxy;

TEST(PostgresCut, NothingIsLostOrDoubled) {
  auto& server = testing::empty_server();
  TcpProxy proxy(server.port());
  const auto catalogue = testing::make_catalogue();
  Exporter exporter(testing::config_of(server, proxy.port()), catalogue, "a");
  testing::Chain chain(1, catalogue);
  const auto deliver = [&](std::size_t from) {
    return exporter.deliver_sealed(chain.sealed(from)).kind == core::Delivery::Kind::kDelivered;
  };
  const auto grow = [&] {
    for (int i = 0; i < 20; ++i) chain.add(std::to_string(chain.batch.events.size()));
    chain.seal();
    return chain.seals.size() - 1;
  };
  ASSERT_TRUE(deliver(grow()));
  const int before = proxy.messages();
  ASSERT_TRUE(deliver(grow()));
  const int messages = proxy.messages() - before;
  ASSERT_GT(messages, 5);
  const int cuts = test_support::soak() ? 1'000 : 50;
  int cut = 0;
  for (int i = 0; i < cuts; ++i) {
    proxy.arm(i / 3 % messages, static_cast<TcpProxy::Cut>(i % 3));
    const auto from = grow();
    for (int tries = 0; !deliver(from); ++tries) {
      ++cut;
      ASSERT_LT(tries, 5) << "cut " << i;
    }
    proxy.disarm();
  }
  EXPECT_GE(cut, cuts * 9 / 10);
  const auto events = std::to_string(chain.batch.events.size());
  EXPECT_EQ(server.query("SELECT count(*), count(DISTINCT event_id) FROM kcloud_audit.audit_event"),
            events + "|" + events);
  EXPECT_EQ(server.query("SELECT count(*), max(total_events) FROM kcloud_audit.audit_batch"),
            std::to_string(chain.seals.size()) + "|" + events);
  EXPECT_EQ(server.query("SELECT sum(count) FROM kcloud_audit.event_rollup WHERE field = ''"),
            events);
}

}  // namespace
}  // namespace kcloud::postgres
