#include "core/chain_check.h"

#include <algorithm>

namespace kcloud::core {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string short_hash(const Sha256& hash) {
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    out.push_back("0123456789abcdef"[hash[i] >> 4]);
    out.push_back("0123456789abcdef"[hash[i] & 15]);
  }
  return out + "…";
}

}  // namespace

ChainChecker::ChainChecker(const ChainId& chain, const std::vector<ChainHead>& heads,
                           std::optional<ChainHead> follows)
    : chain_(chain), follows_(follows) {
  for (const auto& head : heads)
    if (head.chain == chain) heads_.push_back(head);
  std::ranges::sort(heads_, {}, &ChainHead::seq);
}

void ChainChecker::check_link(const Seal& seal, std::vector<std::string>& problems) const {
  if (!last_) {
    const bool named = follows_ && follows_->seq != 0;
    if (seal.seq == 1 && seal.prev != (named ? follows_->hash : Sha256{}))
      problems.push_back(named ? "it does not follow batch " + number(follows_->seq) +
                                     " of chain " + to_string(follows_->chain)
                               : "the first batch names a batch before it that is not here");
    return;
  }
  if (seal.seq != last_->seq + 1) {
    problems.push_back("batches " + number(last_->seq + 1) + " to " + number(seal.seq - 1) +
                       " are missing");
    return;
  }
  if (seal.prev != last_->hash)
    problems.push_back("it follows a batch with hash " + short_hash(seal.prev) + ", batch " +
                       number(last_->seq) + " has " + short_hash(last_->hash));
  if (seal.total_events != last_->total_events + seal.events)
    problems.push_back("its count of all events is " + number(seal.total_events) + ", expected " +
                       number(last_->total_events + seal.events));
  if (seal.journal_end < last_->journal_end)
    problems.push_back("it ends at journal position " + number(seal.journal_end) +
                       ", before the batch it follows");
}

std::vector<std::string> ChainChecker::check(const Seal& seal,
                                             std::optional<std::vector<Sha256>> leaves) {
  std::vector<std::string> problems;
  if (seal.chain != chain_) problems.push_back("it belongs to chain " + to_string(seal.chain));
  check_link(seal, problems);
  if (leaves) {
    const std::size_t found = leaves->size();
    events_ += found;
    if (found != seal.events) {
      problems.push_back(number(found) + " events found, " + number(seal.events) + " sealed");
    } else if (merkle_root(hasher_, *leaves) != seal.root) {
      problems.push_back("its events are not those that were sealed");
    }
  } else {
    unread_ += seal.events;
  }
  if (seal_hash(hasher_, seal) != seal.hash)
    problems.push_back("its hash is not that of its content");
  auto head = std::ranges::lower_bound(heads_, seal.seq, {}, &ChainHead::seq);
  for (; head != heads_.end() && head->seq == seal.seq; ++head) {
    ++heads_met_;
    if (head->hash != seal.hash)
      problems.push_back("the checkpoint kept outside has hash " + short_hash(head->hash) +
                         ", the batch " + short_hash(seal.hash));
  }
  ++batches_;
  if (!first_) first_ = seal;
  last_ = seal;
  return problems;
}

std::vector<std::string> ChainChecker::finish() const {
  std::vector<std::string> problems;
  const std::uint64_t end = last_ ? last_->seq : 0;
  for (const auto& head : heads_) {
    if (head.seq > end)
      problems.push_back("a checkpoint kept outside names batch " + number(head.seq) +
                         ", the chain ends at batch " + number(end));
  }
  return problems;
}

}  // namespace kcloud::core
