// What an exporter is: it puts a span of events on the wire once and says how it went. The delivery
// loop (agent/delivery) owns reading, batching, retries, bisecting and dead letters.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/measure.h"
#include "core/seal.h"

namespace kcloud::core {

// An item the sink refused for good.
struct Rejected {
  std::size_t index;   // into the delivered span
  std::string reason;  // what the sink said
};

struct Delivery {
  enum class Kind : std::uint8_t {
    kDelivered,  // all of it, but for `rejected`
    kRetry,      // nothing certain; the same span again after `delay` (or backoff when nullopt)
    kBisect,  // the sink refused the span without saying which item; the loop halves it. A span of
              // one is rejected.
    kHold,    // credentials or permission (401/403): never dropped; retried slowly and alarmed
  };
  Kind kind = Kind::kDelivered;
  std::vector<Rejected> rejected;
  std::string reason;
  std::optional<std::chrono::milliseconds> delay;
  std::vector<std::size_t> suspects{};  // with kBisect: the items the answer points at, if it does;
                                        // they are tried apart from the others
  std::uint64_t bytes = 0;              // payload bytes of this attempt, before compression
  std::uint64_t adjusted = 0;  // items changed on the way (a point moved by 1 ns, a tag capped)

  static Delivery delivered(std::vector<Rejected> rejected = {}) {
    return {Kind::kDelivered, std::move(rejected), {}, {}};
  }
  static Delivery retry(std::string why, std::optional<std::chrono::milliseconds> after = {}) {
    return {Kind::kRetry, {}, std::move(why), after};
  }
  static Delivery bisect(std::string why) { return {Kind::kBisect, {}, std::move(why), {}}; }
  static Delivery hold(std::string why) { return {Kind::kHold, {}, std::move(why), {}}; }
};

// What one step of `check --online` found at a sink. A step that was not done is kSkipped, with the
// reason as its detail: never kPassed.
struct ProbeStep {
  enum class Outcome : std::uint8_t { kPassed, kFailed, kSkipped };
  std::string what;  // for example `write`
  Outcome outcome = Outcome::kSkipped;
  std::string detail;  // the server's version, its error with a hint; never a secret
};

// Sealed batches as one delivery: those of one chain, in order, without a gap between them.
// `events` are those of all of them, in the journal's order, with their `body_hash`. An event that
// retention took before it was delivered is missing: then `seals` say more events than there are.
struct SealedBatches {
  std::span<const Seal> seals;
  std::span<const Event> events;
};

// The sink needs a person (kHold), said by a call that gives no Delivery.
class Held : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Where a sink that keeps seals stands with one chain.
struct SealedHead {
  std::uint64_t seq = 0;  // 0: it has none of the chain
  Sha256 hash{};
};

// One thread calls it. Idempotent where the sink allows; never retries or buffers by itself; may
// throw std::exception, which the loop treats as kRetry.
class Exporter {
 public:
  virtual ~Exporter() = default;
  virtual Delivery deliver(std::span<const Event> events) = 0;
  // A sink that keeps the seals beside the events gets only what is sealed, through
  // deliver_sealed(); where it stands with a chain is its own word: it is asked before the first
  // delivery and after each failed one. Throws Held, or std::exception when it cannot say now.
  virtual bool keeps_seals() const { return false; }
  virtual SealedHead sealed_head(const ChainId&) { return {}; }
  // The hash of one of its batches; nullopt: it has none of that number. Throws as sealed_head.
  virtual std::optional<Sha256> sealed_hash(const ChainId&, std::uint64_t) { return std::nullopt; }
  // All or nothing: kDelivered without `rejected`, or kRetry, or kHold.
  virtual Delivery deliver_sealed(const SealedBatches&) { return Delivery::hold("keeps no seals"); }
  // A sink that takes the seals as well, beside the events and in no step with them, so that they
  // are kept outside of the journal. carry_seals() gets those of one chain in order, and the same
  // ones again after a failure, which then change nothing. `rejected` are passed over.
  virtual bool carries_seals() const { return false; }
  virtual Delivery carry_seals(std::span<const Seal>) { return Delivery::hold("carries no seals"); }
  // For `check --online`: a real handshake and a real write that is rolled back or marked. On an
  // exporter that delivers nothing. May throw std::exception.
  virtual std::vector<ProbeStep> probe() {
    return {{"probe", ProbeStep::Outcome::kSkipped, "this type has none"}};
  }
  // Figures of this type alone; an exporter that is made anew counts from 0. Any thread.
  virtual std::vector<Measure> measures() const { return {}; }
  // From any thread: the attempt under way, and every later one, ends soon (kRetry). For shutdown.
  virtual void interrupt() {}
};

}  // namespace kcloud::core
