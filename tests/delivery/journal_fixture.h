// A journal in a temporary directory with a clock moved by hand, and events to put into it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "agent/journal/journal.h"
#include "agent/journal/reader.h"
#include "config/config.h"
#include "tests/support/environment.h"

namespace kcloud::delivery::testing {

class ManualClock final : public core::Clock {
 public:
  core::Time now() const override { return core::from_nanos(nanos_.load()); }
  void advance(std::chrono::nanoseconds by) { nanos_ += by.count(); }

 private:
  std::atomic<std::int64_t> nanos_{1'736'937'000'000'000'000};  // 2025-01-15T10:30:00Z
};

class JournalFixture : public ::testing::Test {
 protected:
  void SetUp() override { open_journal(); }

  void open_journal() {
    journal_.reset();
    journal_options_.directory = directory_.path();
    journal_ = std::make_unique<journal::Journal>(journal_options_, clock_);
  }

  // Decodes and stores one event a text.
  void store(const std::vector<std::string>& texts) {
    core::Decoder decoder(*catalogue_, {});
    auto intake = std::make_unique<core::Intake>();
    for (const auto& text : texts) {
      core::TransportHints hints;
      hints.collector = "webhook";
      hints.agent = "agent-1";
      hints.received = clock_.now();
      std::vector<core::FieldError> errors;
      std::vector<std::string_view> warnings;
      ASSERT_TRUE(decoder.decode(text, hints, intake->batch, errors, warnings))
          << errors.front().path << ' ' << errors.front().problem;
    }
    ASSERT_EQ(core::accept_and_wait(*journal_, intake), core::CommitStatus::kCommitted);
  }

  // `count` scheduling decisions from number `first` on, all in the same second.
  void store_decisions(int first, int count) {
    std::vector<std::string> texts;
    for (int i = first; i < first + count; ++i)
      texts.push_back(R"({"event_type":"scheduling_decision","timestamp":"2025-01-15T10:30:00Z",)"
                      R"("scheduler":"meta","workload":{"id":"job-)" +
                      std::to_string(i) +
                      R"("},"decision":{"selected_cluster":"gpu-01","reason":"최적 전력 효율성"},)"
                      R"("execution_time_ms":)" +
                      std::to_string(i) + "}");
    store(texts);
  }

  std::uint64_t cursor(const std::string& name) const {
    for (const auto& known : journal_->cursors())
      if (known.name == name) return known.seq;
    return 0;
  }

  test_support::TemporaryDirectory directory_;
  ManualClock clock_;
  config::Problems problems_;
  std::shared_ptr<const core::Catalogue> catalogue_ =
      config::load_catalogue({}, config::Environment::system(), problems_);
  journal::Options journal_options_;
  std::unique_ptr<journal::Journal> journal_;
};

}  // namespace kcloud::delivery::testing
