#include "core/seal.h"

#include <gtest/gtest.h>

#include "core/chain_check.h"

namespace kcloud::core {
namespace {

std::string hex(const Sha256& hash) {
  std::string out;
  for (const auto byte : hash) {
    out.push_back("0123456789abcdef"[byte >> 4]);
    out.push_back("0123456789abcdef"[byte & 15]);
  }
  return out;
}

// The inputs and roots that implementations of Certificate Transparency (RFC 6962) test with.
TEST(Seal, MerkleRootsAreThoseOfRfc6962) {
  const std::vector<std::string> inputs = {"",
                                           std::string(1, '\0'),
                                           "\x10",
                                           "\x20\x21",
                                           "\x30\x31",
                                           "\x40\x41\x42\x43",
                                           "\x50\x51\x52\x53\x54\x55\x56\x57",
                                           "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c"
                                           "\x6d\x6e\x6f"};
  const std::vector<std::string> roots = {
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  Sha256Hasher hasher;
  for (std::size_t count = 0; count < roots.size(); ++count) {
    std::vector<Sha256> leaves;
    for (std::size_t i = 0; i < count; ++i)
      leaves.push_back(hasher.hash(std::string_view("\0", 1), inputs[i]));
    EXPECT_EQ(hex(merkle_root(hasher, leaves)), roots[count]) << count;
  }
}

Event event(std::string_view body, std::uint64_t n) {
  Event made;
  Sha256Hasher hasher;
  made.time = from_nanos(1'753'000'000'123'456'789 + static_cast<std::int64_t>(n));
  made.body = body;
  made.body_hash = hasher.hash(body);
  made.id = make_event_id(made.time, made.body_hash);
  made.type_name = "alert";
  made.source = "s";
  return made;
}

TEST(Seal, ALeafHasAllOfItsParts) {
  Sha256Hasher hasher;
  const Event one = event(R"({"a":1})", 0);
  const Sha256 hash = leaf_hash(hasher, one);
  const auto differs = [&](auto change) {
    Event other = one;
    change(other);
    return leaf_hash(hasher, other) != hash;
  };
  EXPECT_TRUE(differs([](Event& e) { e.id.bytes[15] ^= 1; }));
  EXPECT_TRUE(differs([](Event& e) { e.time += std::chrono::nanoseconds(1); }));
  EXPECT_TRUE(differs([](Event& e) { e.type_name = "alerts"; }));
  EXPECT_TRUE(differs([](Event& e) { e.source = {}; }));
  EXPECT_TRUE(differs([](Event& e) { e.body_hash[31] ^= 1; }));
  // A text's end is part of it.
  EXPECT_TRUE(differs([](Event& e) {
    e.type_name = "aler";
    e.source = "ts";
  }));
  // What an agent adds is not.
  EXPECT_FALSE(differs([](Event& e) {
    e.seq = 7;
    e.agent = "another";
    e.collector = "redis";
    e.received = from_nanos(1);
  }));
}

// Three batches of 2, 0 and 3 events.
struct Chain {
  std::vector<Seal> seals;
  std::vector<std::vector<Sha256>> leaves;

  Chain() {
    Sha256Hasher hasher;
    std::uint64_t n = 0;
    for (const std::size_t size : {2u, 0u, 3u}) {
      std::vector<Sha256> batch;
      for (std::size_t i = 0; i < size; ++i)
        batch.push_back(leaf_hash(hasher, event("{\"n\":" + std::to_string(n) + "}", n + 1))), ++n;
      Seal seal;
      seal.chain[0] = 9;
      seal.seq = seals.size() + 1;
      seal.day = 20'000;
      seal.events = size;
      seal.total_events = n;
      seal.journal_end = n;
      if (!seals.empty()) seal.prev = seals.back().hash;
      leaves.push_back(batch);
      seal.root = merkle_root(hasher, batch);
      seal.hash = seal_hash(hasher, seal);
      seals.push_back(seal);
    }
  }

  void rehash(std::size_t at) {
    Sha256Hasher hasher;
    seals[at].hash = seal_hash(hasher, seals[at]);
  }

  // Batch number and problem of each finding.
  std::vector<std::string> problems(const std::vector<ChainHead>& heads = {}) const {
    ChainChecker checker(seals.empty() ? ChainId{} : seals.front().chain, heads);
    std::vector<std::string> all;
    for (std::size_t i = 0; i < seals.size(); ++i)
      for (const auto& problem : checker.check(seals[i], leaves[i]))
        all.push_back(std::to_string(seals[i].seq) + ": " + problem);
    for (const auto& problem : checker.finish()) all.push_back(problem);
    return all;
  }
};

TEST(ChainChecker, AcceptsWhatIsWhole) {
  Chain chain;
  const ChainHead head{chain.seals[2].chain, 3, chain.seals[2].hash};
  EXPECT_TRUE(chain.problems({head}).empty());
  ChainHead of_another = head;
  of_another.chain[0] = 1;
  of_another.seq = 99;
  EXPECT_TRUE(chain.problems({of_another}).empty());
}

TEST(ChainChecker, FindsEachChange) {
  const struct {
    const char* name;
    void (*change)(Chain&);
    std::vector<std::string> want;
  } cases[] = {
      {"changed event",
       [](Chain& c) { c.leaves[2][1][0] ^= 1; },
       {"3: its events are not those that were sealed"}},
      {"swapped events",
       [](Chain& c) { std::swap(c.leaves[0][0], c.leaves[0][1]); },
       {"1: its events are not those that were sealed"}},
      {"removed event", [](Chain& c) { c.leaves[2].pop_back(); }, {"3: 2 events found, 3 sealed"}},
      {"added event", [](Chain& c) { c.leaves[1].push_back({}); }, {"2: 1 events found, 0 sealed"}},
      {"removed batch",
       [](Chain& c) {
         c.seals.erase(c.seals.begin() + 1);
         c.leaves.erase(c.leaves.begin() + 1);
       },
       {"3: batches 2 to 2 are missing"}},
      {"changed day",
       [](Chain& c) { c.seals[1].day += 1; },
       {"2: its hash is not that of its content"}},
      {"changed count",
       [](Chain& c) { c.seals[2].total_events += 1; },
       {"3: its count of all events is 6, expected 5", "3: its hash is not that of its content"}},
  };
  for (const auto& one : cases) {
    Chain chain;
    one.change(chain);
    EXPECT_EQ(chain.problems(), one.want) << one.name;
  }
}

TEST(ChainChecker, ARewrittenBatchIsFoundByTheNextAndByTheOutside) {
  Chain chain;
  const ChainHead head{chain.seals[2].chain, 3, chain.seals[2].hash};
  Sha256Hasher hasher;
  chain.leaves[0][0][0] ^= 1;
  auto leaves = chain.leaves[0];
  chain.seals[0].root = merkle_root(hasher, leaves);
  chain.rehash(0);
  const auto found = chain.problems({head});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("2: it follows a batch with hash ")) << found[0];
  // All of it rewritten: only the outside head tells.
  chain.seals[1].prev = chain.seals[0].hash;
  chain.rehash(1);
  chain.seals[2].prev = chain.seals[1].hash;
  chain.rehash(2);
  EXPECT_TRUE(chain.problems().empty());
  ASSERT_EQ(chain.problems({head}).size(), 1u);
  EXPECT_TRUE(chain.problems({head})[0].starts_with("3: the checkpoint kept outside has hash "));
  // Cut off at its end.
  chain.seals.pop_back();
  chain.leaves.pop_back();
  EXPECT_EQ(chain.problems({head}).back(),
            "a checkpoint kept outside names batch 3, the chain ends at batch 2");
}

}  // namespace
}  // namespace kcloud::core
