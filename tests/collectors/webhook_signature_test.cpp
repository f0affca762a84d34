#include "collectors/webhook/signature.h"

#include <gtest/gtest.h>

#include <string>

namespace kcloud::webhook {

namespace {

using namespace std::chrono_literals;
using Fault = SignatureFault;

// The test vector of the Standard Webhooks libraries: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw.
const std::string kKey =
    "\x31\xf2\x90\xf6\xbf\x06\x29\x8a\xab\x4f\x08\xd4\x3c\x3f\x08\x2c\xf6\x48\xa3\x62\xda\x2d\xa4"
    "\xb0";
constexpr std::string_view kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::string_view kTimestamp = "1614265330";
constexpr std::string_view kBody = R"({"test": 2432232314})";
constexpr std::string_view kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const core::Time kNow{1'614'265'330s};

// GitHub's documented one.
constexpr std::string_view kHub =
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

std::vector<core::HmacKey> keys(std::initializer_list<std::string_view> texts) {
  std::vector<core::HmacKey> made;
  for (std::string_view text : texts) made.emplace_back(text);
  return made;
}

std::vector<Signer> standard(std::initializer_list<std::string_view> texts) {
  std::vector<Signer> signers;
  signers.push_back({SignatureScheme::kStandardWebhooks, 300s, keys(texts)});
  return signers;
}

std::vector<Signer> github(std::initializer_list<std::string_view> texts) {
  std::vector<Signer> signers;
  signers.push_back({SignatureScheme::kGithub, 300s, keys(texts)});
  return signers;
}

std::string text(const Verdict& verdict) {
  if (verdict.fault) return std::string(name_of(*verdict.fault));
  return verdict.signer ? "signer " + std::to_string(*verdict.signer) : "unsigned";
}

}  // namespace

TEST(WebhookSignature, AcceptsTheVectorOfStandardWebhooks) {
  EXPECT_EQ(text(verify(standard({kKey}), {kId, kTimestamp, kSignature, ""}, kBody, kNow)),
            "signer 0");
}

TEST(WebhookSignature, AcceptsTheVectorOfGithub) {
  const auto signers = github({"It's a Secret to Everybody"});
  EXPECT_EQ(text(verify(signers, {"", "", "", kHub}, "Hello, World!", kNow)), "signer 0");
  EXPECT_EQ(text(verify(signers, {"", "", "", kHub}, "Hello, World", kNow)), "wrong");
}

TEST(WebhookSignature, RefusesStandardOnesWithTheReason) {
  const std::string two =
      "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= " + std::string(kSignature);
  const std::string other_version = "v1a,abc " + std::string(kSignature) + " v2,def";
  std::string flipped(kSignature);
  flipped[3] = 'h';
  struct Case {
    const char* name;
    SignatureFields fields;
    std::string_view body;
    core::Time now;
    const char* want;
  };
  const Case cases[] = {
      {"several signatures", {kId, kTimestamp, two, ""}, kBody, kNow, "signer 0"},
      {"other versions", {kId, kTimestamp, other_version, ""}, kBody, kNow, "signer 0"},
      {"5 min old", {kId, kTimestamp, kSignature, ""}, kBody, kNow + 300s, "signer 0"},
      {"5 min ahead", {kId, kTimestamp, kSignature, ""}, kBody, kNow - 300s, "signer 0"},
      {"older", {kId, kTimestamp, kSignature, ""}, kBody, kNow + 301s, "too_old"},
      {"further ahead", {kId, kTimestamp, kSignature, ""}, kBody, kNow - 301s, "future"},
      {"a flipped character", {kId, kTimestamp, flipped, ""}, kBody, kNow, "wrong"},
      {"another body", {kId, kTimestamp, kSignature, ""}, R"({"test":2432232314})", kNow, "wrong"},
      {"another id", {"msg_2", kTimestamp, kSignature, ""}, kBody, kNow, "wrong"},
      {"another time", {kId, "1614265331", kSignature, ""}, kBody, kNow, "wrong"},
      {"no id", {"", kTimestamp, kSignature, ""}, kBody, kNow, "malformed"},
      {"a dot in the id", {"a.b", kTimestamp, kSignature, ""}, kBody, kNow, "malformed"},
      {"no time", {kId, "", kSignature, ""}, kBody, kNow, "malformed"},
      {"no number", {kId, "1614265330s", kSignature, ""}, kBody, kNow, "malformed"},
      {"negative", {kId, "-1", kSignature, ""}, kBody, kNow, "malformed"},
      {"beyond time", {kId, "99999999999999999999", kSignature, ""}, kBody, kNow, "malformed"},
      {"no version", {kId, kTimestamp, kSignature.substr(3), ""}, kBody, kNow, "malformed"},
      {"cut", {kId, kTimestamp, kSignature.substr(0, 46), ""}, kBody, kNow, "malformed"},
      {"only other versions", {kId, kTimestamp, "v1a,abc", ""}, kBody, kNow, "malformed"},
      {"blanks", {kId, kTimestamp, "   ", ""}, kBody, kNow, "malformed"},
      {"none", {kId, kTimestamp, "", ""}, kBody, kNow, "unsigned"},
      {"the other scheme", {"", "", "", kHub}, kBody, kNow, "unsigned"},
  };
  const auto signers = standard({kKey});
  for (const Case& test : cases) {
    EXPECT_EQ(text(verify(signers, test.fields, test.body, test.now)), test.want) << test.name;
    EXPECT_EQ(has_signature(signers, test.fields), std::string_view(test.want) != "unsigned")
        << test.name;
  }
}

TEST(WebhookSignature, RefusesGithubOnesWithTheReason) {
  std::string upper(kHub);
  for (char& c : upper) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  std::string flipped(kHub);
  flipped.back() = '8';
  const std::pair<std::string, const char*> cases[] = {
      {flipped, "wrong"},
      {upper, "malformed"},  // one body has one signature only
      {std::string(kHub.substr(7)), "malformed"},
      {std::string(kHub) + "0", "malformed"},
      {std::string(kHub.substr(0, 70)), "malformed"},
      {"sha256=" + std::string(64, 'g'), "malformed"},
      {"sha1=757107ea0eb2509fc211221cce984b8a37570b6d", "malformed"}};
  const auto signers = github({"It's a Secret to Everybody"});
  for (const auto& [hub, want] : cases) {
    EXPECT_EQ(text(verify(signers, {"", "", "", hub}, "Hello, World!", kNow)), want) << hub;
  }
}

TEST(WebhookSignature, AnyKeyOfAnySignerMayMatch) {
  std::vector<Signer> signers = standard({"another key of some length"});
  signers.push_back({SignatureScheme::kGithub, 300s, keys({"It's a Secret to Everybody"})});
  signers.push_back({SignatureScheme::kStandardWebhooks, 300s, keys({"an old one", kKey})});
  const SignatureFields fields{kId, kTimestamp, kSignature, ""};
  EXPECT_EQ(text(verify(signers, fields, kBody, kNow)), "signer 2");
  EXPECT_EQ(text(verify(signers, {"", "", "", kHub}, "Hello, World!", kNow)), "signer 1");
  // Both at once must both be right.
  EXPECT_EQ(text(verify(signers, {kId, kTimestamp, kSignature, kHub}, kBody, kNow)), "wrong");
}

TEST(WebhookSignature, EachSignerHasItsTolerance) {
  std::vector<Signer> signers = standard({kKey});
  signers.push_back({SignatureScheme::kStandardWebhooks, 3600s, keys({"another key altogether"})});
  const SignatureFields fields{kId, kTimestamp, kSignature, ""};
  EXPECT_EQ(text(verify(signers, fields, kBody, kNow + 600s)), "wrong");
  signers[1].keys = keys({kKey});
  EXPECT_EQ(text(verify(signers, fields, kBody, kNow + 600s)), "signer 1");
}

TEST(WebhookSignature, AKeyServesAnyNumberOfBodies) {
  const core::HmacKey key(kKey);
  EXPECT_EQ(key.sign({"ab", "c"}), key.sign({"abc"}));
  EXPECT_NE(key.sign({"abc"}), key.sign({"abd"}));
  EXPECT_NE(key.sign({"abc"}), core::HmacKey("x").sign({"abc"}));
}

}  // namespace kcloud::webhook
