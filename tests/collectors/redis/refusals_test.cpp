#include "fixture.h"

namespace kcloud::redis {
namespace {

using ::testing::AllOf;
using testing::decision;
using testing::eventually;
using ::testing::HasSubstr;
using ::testing::Not;

class RefusedCollector : public testing::CollectorFixture {
 protected:
  std::string failure() {
    start();
    EXPECT_TRUE(eventually([this] { return !last_failure().empty(); }));
    stop();
    EXPECT_FALSE(collector_->report().connected);
    EXPECT_EQ(collector_->report().last_error, last_failure());
    return last_failure();
  }
};

TEST_F(RefusedCollector, PasswordsAreAskedForCheckedAndNeverShown) {
  server_.command({"CONFIG", "SET", "requirepass", "right-one"});
  EXPECT_THAT(failure(), AllOf(HasSubstr("NOAUTH"), HasSubstr("`password`")));
  config_.password.value = "wrong-one";
  make();
  failures_.clear();
  EXPECT_THAT(failure(), AllOf(HasSubstr("WRONGPASS"), Not(HasSubstr("wrong-one"))));
  config_.password.value = "right-one";
  make();
  start_connected();
}

TEST_F(RefusedCollector, AnAclUserNeedsItsChannels) {
  server_.command({"ACL", "SETUSER", "logger", "on", ">pass-word", "resetchannels", "&other",
                   "+subscribe", "+psubscribe", "+auth"});
  config_.username = "logger";
  config_.password.value = "pass-word";
  EXPECT_THAT(failure(), AllOf(HasSubstr("NOPERM"), HasSubstr("ACL SETUSER")));
  server_.command({"ACL", "SETUSER", "logger", "&*"});
  config_.ping_interval = std::chrono::milliseconds(100);  // which it may not
  make();
  start_connected();
  server_.command({"PUBLISH", "scheduling_events", decision("a")});
  ASSERT_TRUE(stores(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(measure("connects_total"), 1);
}

TEST_F(RefusedCollector, AKeyOfAnotherKindIsNamedAndTriedAgain) {
  config_.mode = "stream";
  config_.streams = {"fine", "events"};
  server_.command({"SET", "events", "text"});
  EXPECT_THAT(failure(), AllOf(HasSubstr("'events' holds a string"), HasSubstr("a stream")));
  config_.mode = "list";
  config_.lists = {"events"};
  make();
  failures_.clear();
  EXPECT_THAT(failure(), AllOf(HasSubstr("'events' holds a string"), HasSubstr("a list")));
  start();
  server_.command({"DEL", "events"});
  EXPECT_TRUE(eventually([this] { return collector_->report().connected; }));
  server_.command({"SET", "events", "text"});
  EXPECT_TRUE(eventually([this] {
    return last_failure().find("WRONGTYPE") != std::string::npos || !collector_->report().connected;
  }));
}

TEST_F(RefusedCollector, AReplicaIsPassedOverForThePrimary) {
  testing::RedisServer replica({"--replicaof", "127.0.0.1", std::to_string(server_.port())});
  config_.mode = "stream";
  config_.streams = {"events"};
  config_.addresses = {replica.address(), server_.address()};
  start();
  EXPECT_TRUE(eventually([this] { return collector_->report().connected; })) << last_failure();
  EXPECT_THAT(last_failure(), AllOf(HasSubstr("READONLY"), HasSubstr("primary")));
  server_.command({"XADD", "events", "*", "event", decision("a")});
  EXPECT_TRUE(stores(1));
}

TEST_F(RefusedCollector, ASecondAddressIsUsedWhenTheFirstIsDown) {
  config_.addresses = {"127.0.0.1:1", server_.address()};
  start_connected();
  EXPECT_EQ(last_failure(), "");
}

TEST_F(RefusedCollector, WhatCannotBeReached) {
  config_.addresses = {"127.0.0.1:1"};
  EXPECT_THAT(failure(), AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("refused")));
  config_.addresses = {"nowhere.invalid:6379"};
  make();
  failures_.clear();
  EXPECT_THAT(failure(), HasSubstr("nowhere.invalid"));
}

TEST_F(RefusedCollector, ADatabaseThatIsNotThere) {
  config_.database = 99;
  EXPECT_THAT(failure(), AllOf(HasSubstr("out of range"), HasSubstr("`database`")));
}

TEST_F(RefusedCollector, AnAddressThatDoesNotAnswerEndsWithTheStop) {
  config_.timeout = std::chrono::milliseconds(60'000);
  server_.freeze();
  start();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_LT(stop(), std::chrono::milliseconds(1'000));
  server_.thaw();
}

}  // namespace
}  // namespace kcloud::redis
