#include "tests/rules/random_events.h"

#include <fmt/format.h>

#include <chrono>
#include <random>
#include <stdexcept>

#include "core/decode.h"
#include "rules/frontier.h"

namespace kcloud::rules {
namespace {

using std::chrono::milliseconds;

class Maker {
 public:
  Maker(const core::Catalogue& catalogue, std::uint32_t seed)
      : decoder_(catalogue, {}), random_(seed) {}

  Stream make(std::size_t events) {
    Stream stream;
    std::vector<Input> inputs;
    Frontier frontier;
    // Views of the batch's events are taken once it holds all of them.
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < events; ++i) {
      now_ += gap();
      decode(stream.batch, i);
      frontier.add(stream.batch.events.back());
      inputs.push_back({});
      if (chance(40)) inputs.push_back({nullptr, frontier.at(now_)});
    }
    now_ += std::chrono::hours(2);
    inputs.push_back({nullptr, frontier.at(now_)});
    std::size_t next = 0;
    for (Input& input : inputs)
      if (input.frontier == core::Time{}) input.event = &stream.batch.events[next++];
    stream.inputs = std::move(inputs);
    return stream;
  }

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }
  template <std::size_t N>
  const char* one_of(const char* const (&texts)[N]) {
    return texts[below(N)];
  }

  milliseconds gap() {
    if (chance(1)) return std::chrono::minutes(20 + below(100));
    if (chance(30)) return milliseconds(below(200));
    if (chance(20)) return std::chrono::seconds(below(30));
    return milliseconds(below(60'000));
  }

  // By the publisher's clock.
  core::Time stamp() {
    const auto whole = std::chrono::floor<std::chrono::seconds>(now_);
    if (chance(15)) return whole;
    if (chance(5)) return core::Time(std::chrono::floor<std::chrono::minutes>(now_));
    if (chance(10)) return now_ - milliseconds(below(120'000));
    if (chance(5)) return now_ - std::chrono::seconds(below(3 * 3600));
    if (chance(3)) return now_ + std::chrono::seconds(below(3 * 3600));
    if (chance(3)) return now_ + std::chrono::seconds(below(60));
    return now_ - milliseconds(below(3000));
  }

  void text(std::string& body, const char* key, int percent, const char* value) {
    if (chance(static_cast<std::uint32_t>(percent)))
      body += fmt::format(",\"{}\":\"{}\"", key, value);
  }

  std::string body() {
    std::string out = fmt::format(R"({{"event_type":"{}","timestamp":"{}")",
                                  one_of({"alpha", "alpha", "beta", "beta", "gamma", "other"}),
                                  core::format_time(stamp()));
    text(out, "scheduler", 90, one_of({"s-1", "s-2"}));
    text(out, "workload", 90, one_of({"w/1", "w/2", "w/3"}));
    text(out, "cluster", 80, one_of({"gpu-1", "gpu-2", "npu-1"}));
    text(out, "severity", 40, one_of({"on", "off"}));
    for (const char* key : {"state", "flag", "note", "actor", "reason", "source"})
      text(out, key, 70, one_of({"on", "off", "half-way", "o", "of"}));
    if (chance(85))
      out += fmt::format(",\"cost\":{}",
                         one_of({"0.5", "1", "2", "4", "8", "16", "32", "64", "-2", "0"}));
    if (chance(85)) out += fmt::format(",\"size\":{}", below(5));
    return out + "}";
  }

  void decode(core::EventBatch& batch, std::size_t number) {
    const std::string text = body();
    const std::string position = std::to_string(number);
    core::TransportHints hints;
    hints.received = now_;
    hints.dedup = core::Dedup::kPosition;
    hints.position = position;
    hints.position_lasts = true;
    hints.collector = one_of({"webhook", "webhook", "kafka", "files"});
    hints.agent = "agent-1";
    std::vector<core::FieldError> errors;
    std::vector<std::string_view> warnings;
    if (!decoder_.decode(text, hints, batch, errors, warnings))
      throw std::logic_error(text + ": " + errors.at(0).path + " " + errors.at(0).problem);
  }

  core::Decoder decoder_;
  std::mt19937 random_;
  core::Time now_ = core::from_nanos(1'750'000'000'000'000'000);
};

}  // namespace

Stream random_stream(const core::Catalogue& catalogue, std::uint32_t seed, std::size_t events) {
  return Maker(catalogue, seed).make(events);
}

}  // namespace kcloud::rules
