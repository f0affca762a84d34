#include "agent/audit/checkpoint.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/environment.h"

namespace kcloud::audit {
namespace {

using testing::HasSubstr;

Checkpoint checkpoint() {
  Checkpoint made;
  made.chain[3] = 7;
  made.seq = 12;
  made.total_events = 3456;
  made.hash[0] = 0xAB;
  made.time = core::from_nanos(1'753'000'000'123'456'789);
  made.agent = "agent \"1\"";
  return made;
}

TEST(Checkpoint, WhatIsSignedIsRead) {
  const test_support::TemporaryDirectory directory;
  const SigningKey key = SigningKey::open(directory.path());
  Checkpoint made = checkpoint();
  key.sign(made);
  const Checkpoint read = parse_checkpoint(to_json(made));
  EXPECT_EQ(read.chain, made.chain);
  EXPECT_EQ(read.seq, 12u);
  EXPECT_EQ(read.total_events, 3456u);
  EXPECT_EQ(read.hash, made.hash);
  EXPECT_EQ(read.agent, made.agent);
  EXPECT_EQ(read.key_id, key.id());
  const PublicKey verifier(directory.path() + "/audit-key.pub.pem");
  EXPECT_TRUE(verifier.verify(read));
  for (auto change : std::vector<void (*)(Checkpoint&)>{
           [](Checkpoint& c) { c.seq += 1; }, [](Checkpoint& c) { c.total_events += 1; },
           [](Checkpoint& c) { c.hash[31] ^= 1; }, [](Checkpoint& c) { c.chain[0] ^= 1; },
           [](Checkpoint& c) { c.time += std::chrono::seconds(1); },
           [](Checkpoint& c) { c.signature[0] = static_cast<char>(c.signature[0] ^ 1); }}) {
    Checkpoint other = read;
    change(other);
    EXPECT_FALSE(verifier.verify(other));
  }
}

TEST(Checkpoint, TheKeyIsMadeOnceAndForItsOwnerAlone) {
  const test_support::TemporaryDirectory directory;
  const std::string id = SigningKey::open(directory.path()).id();
  EXPECT_EQ(id.size(), 16u);
  EXPECT_EQ(SigningKey::open(directory.path()).id(), id);
  struct stat info {};
  ASSERT_EQ(::stat((directory.path() + "/audit-key.pem").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const test_support::TemporaryDirectory another;
  EXPECT_NE(SigningKey::open(another.path()).id(), id);
}

TEST(Checkpoint, ABrokenKeyIsNotReplaced) {
  const test_support::TemporaryDirectory directory;
  const std::string path = directory.path() + "/audit-key.pem";
  std::ofstream(path) << "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n";
  try {
    SigningKey::open(directory.path());
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot be read as a private key"));
  }
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Checkpoint, SaysWhatIsWrong) {
  const test_support::TemporaryDirectory directory;
  Checkpoint made = checkpoint();
  SigningKey::open(directory.path()).sign(made);
  const std::string good = to_json(made);
  const auto problem = [](std::string json) -> std::string {
    try {
      parse_checkpoint(json);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  EXPECT_EQ(problem(good), "");
  EXPECT_THAT(problem("[]"), HasSubstr("chain: missing"));
  EXPECT_THAT(problem(with("\"chain\":\"0", "\"chain\":\"x")), HasSubstr("chain: expected a UUID"));
  EXPECT_THAT(problem(with("\"seq\":12", "\"seq\":-12")), HasSubstr("seq: missing"));
  EXPECT_THAT(problem(with("\"hash\":\"ab", "\"hash\":\"zz")), HasSubstr("hash: expected 64"));
  EXPECT_THAT(problem(with("\"time\":\"2", "\"time\":\"x")), HasSubstr("time: expected"));
  EXPECT_THAT(problem(with("\"signature\":\"", "\"signature\":\"AAAA")), HasSubstr("signature: "));
}

TEST(Checkpoint, ASealThatASinkKeptIsAHead) {
  const std::string line = R"({"chain":"00000000-0000-0000-0000-000000000007","seq":3,"hash":")" +
                           std::string(64, 'a') + R"(","agent":"node-1"})";
  const auto head = parse_head(line);
  EXPECT_EQ(head.chain[15], 7);
  EXPECT_EQ(head.seq, 3u);
  EXPECT_EQ(head.hash[31], 0xAA);
  EXPECT_THROW(parse_checkpoint(line), std::runtime_error);
  EXPECT_THROW(parse_head(R"({"chain":"00000000-0000-0000-0000-000000000007","seq":3})"),
               std::runtime_error);
}

}  // namespace
}  // namespace kcloud::audit
