#include "core/redact.h"

#include <gmock/gmock.h>
#include <simdjson.h>

#include <random>

#include "config/config.h"
#include "core/decode.h"
#include "core/json.h"

namespace kcloud::core {
namespace {

using testing::HasSubstr;
using testing::Not;
using Result = Redaction::Result;

const Catalogue& catalogue() {
  static const auto loaded = config::default_config({}).catalogue;
  return *loaded;
}

RedactRule drop(std::string path) { return {.path = std::move(path)}; }
RedactRule mask(std::string path, std::uint32_t keep_last = 0) {
  return {.path = std::move(path), .action = RedactAction::kMask, .keep_last = keep_last};
}
RedactRule hash(std::string path) {
  return {.path = std::move(path), .action = RedactAction::kHash, .key = "0123456789abcdef"};
}

// The redacted text; `same` when nothing was touched.
std::string redacted(std::vector<RedactRule> rules, std::string_view json) {
  const Redaction redaction(std::move(rules), catalogue());
  std::string out;
  switch (redaction.apply(json, nullptr, out)) {
    case Result::kUntouched:
      return "same";
    case Result::kMalformed:
      return "malformed";
    case Result::kRedacted:
      break;
  }
  return out;
}

TEST(Redact, DropsMembersAndElementsWithOneComma) {
  struct Row {
    const char* path;
    const char* json;
    const char* want;
  };
  const Row rows[] = {
      {"a", R"({"a":1,"b":2,"c":3})", R"({"b":2,"c":3})"},
      {"b", R"({"a":1,"b":2,"c":3})", R"({"a":1,"c":3})"},
      {"c", R"({"a":1,"b":2,"c":3})", R"({"a":1,"b":2})"},
      {"a", R"({"a":1})", "{}"},
      {"a", R"({ "a" : { "x" : [ "}" , "]" ] } , "b":2})", R"({ "b":2})"},
      {"a", R"({"a":1,"a":2,"b":3,"a":4})", R"({"b":3})"},
      {"a", R"({"a":1,"a":2})", "{}"},
      {"a.b", R"({"a":{"b":1,"c":2},"b":3})", R"({"a":{"c":2},"b":3})"},
      {"a.b", R"({"a":{"b":1},"a":{"b":2,"d":1}})", R"({"a":{},"a":{"d":1}})"},
      {"a.b", R"({"a":[{"b":1}],"x":{"a":{"b":1}}})", "same"},
      {"a[].b", R"({"a":[{"b":1,"c":2},{"b":3},7,[{"b":1}]]})",
       R"({"a":[{"c":2},{},7,[{"b":1}]]})"},
      {"a[]", R"({"a":[1, 2 ,3],"b":[1]})", R"({"a":[],"b":[1]})"},
      {"a[].b[].c", R"({"a":[{"b":[{"c":1},{"c":2,"d":3}]}]})", R"({"a":[{"b":[{},{"d":3}]}]})"},
      {"a", R"({"a":null,"b":"a"})", R"({"b":"a"})"},
      {"a", R"({"\u0061":1,"b":2})", R"({"b":2})"},
      {"käse", R"({"k\u00e4se":1,"K":2})", R"({"K":2})"},
      {"a", R"({"\\u0061":1,"A":1,"a ":1})", "same"}};
  for (const auto& row : rows)
    EXPECT_EQ(redacted({drop(row.path)}, row.json), row.want) << row.json;
}

TEST(Redact, MasksWithTheSameKindOfValue) {
  EXPECT_EQ(redacted({mask("a")}, R"({"a":"secret","b":1.50})"), R"({"a":"***","b":1.50})");
  EXPECT_EQ(redacted({mask("a")}, R"({"a":-12.5e3 })"), R"({"a":0 })");
  EXPECT_EQ(redacted({mask("a")}, R"({"a":true})"), R"({"a":false})");
  EXPECT_EQ(redacted({mask("a")}, R"({"a":{"b":"s"},"a":["s"]})"), R"({"a":{},"a":[]})");
  EXPECT_EQ(redacted({mask("a")}, R"({"a":null})"), "same");
  EXPECT_EQ(redacted({mask("a")}, R"({"a":"***"})"), "same");
}

TEST(Redact, KeepsTheLastCharactersOfALongText) {
  const auto kept = [](std::string_view text) {
    std::string json = "{\"a\":";
    append_json_string(json, text);
    return redacted({mask("a", 4)}, json + "}");
  };
  EXPECT_EQ(kept("4111111111111234"), R"({"a":"***1234"})");
  EXPECT_EQ(kept("1234567"), R"({"a":"***"})");
  EXPECT_EQ(kept("12345678"), R"({"a":"***5678"})");
  EXPECT_EQ(kept("***1234"), "same");
  EXPECT_EQ(kept("가나다라마바사아"), R"({"a":"***마바사아"})");
  EXPECT_EQ(kept("abcdefgh\"\n"), R"({"a":"***gh\"\n"})");
  EXPECT_EQ(kept(""), R"({"a":"***"})");
}

TEST(Redact, HashesAreKeyedAndStayWhatTheyAre) {
  // printf alice | openssl dgst -sha256 -hmac 0123456789abcdef
  const std::string alice = redacted({hash("a")}, R"({"a":"alice"})");
  EXPECT_EQ(alice, R"({"a":"hmac:fdbf8b1cacd3d578e062d0e41104357d"})");
  EXPECT_EQ(redacted({hash("a")}, R"({"a":"\u0061lice"})"), alice);
  EXPECT_EQ(redacted({hash("a")}, alice), "same");
  EXPECT_EQ(redacted({hash("a")}, R"({"a":null})"), "same");
  EXPECT_NE(redacted({hash("a")}, R"({"a":"Alice"})"), alice);
  auto other = hash("a");
  other.key = "0123456789abcdeF";
  EXPECT_NE(redacted({other}, R"({"a":"alice"})"), alice);
  EXPECT_EQ(redacted({hash("a")}, R"({"a":5})"), redacted({hash("a")}, R"({"a":"5"})"));
}

TEST(Redact, TheOuterRuleCountsAndTheFirstOfTwo) {
  EXPECT_EQ(redacted({mask("a.b"), drop("a")}, R"({"a":{"b":"s"},"c":1})"), R"({"c":1})");
  EXPECT_EQ(redacted({mask("a"), drop("a")}, R"({"a":"s"})"), R"({"a":"***"})");
}

TEST(Redact, RulesOfATypeReachThatTypeAlone) {
  auto rule = mask("note");
  rule.type = "alert";
  const Redaction redaction({rule}, catalogue());
  std::string out;
  const std::string_view json = R"({"note":"s"})";
  EXPECT_EQ(redaction.apply(json, catalogue().find("alert"), out), Result::kRedacted);
  EXPECT_EQ(redaction.apply(json, catalogue().find("scheduling_decision"), out),
            Result::kUntouched);
  EXPECT_EQ(redaction.apply(json, nullptr, out), Result::kUntouched);
  EXPECT_EQ(redaction.apply_all(json, out), Result::kRedacted);
  EXPECT_EQ(redaction.hits(0), 2u);
}

TEST(Redact, HostileTextsAreMalformedOrUntouchedNeverReadPast) {
  const std::string whole = R"({"a":{"b":"s\"x"},"c":[1,{"a":"\u0061"}],"\u0061":{"b":[{}]}})";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A copy of its own, so that the sanitizer sees a byte too far.
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(redacted({drop("a.b"), mask("c[].a")}, {cut.data(), cut.size()}), "malformed")
        << size;
  }
  for (const char* text :
       {"", " ", "[]", "\"a\"", "{]", "{\"a\"}", "{\"a\":}", "{\"a\" 1}", "{\"a\":1]", "{\"a\":1}}",
        "{\"a\":1} x", "{a:1}", "{\"a\":\"", "{\"a\":\"\\"})
    EXPECT_EQ(redacted({drop("a")}, text), "malformed") << text;
  std::string deep(200'000, '[');
  EXPECT_EQ(redacted({drop("b")}, "{\"a\":" + deep + std::string(200'000, ']') + ",\"b\":1}"),
            "{\"a\":" + deep + std::string(200'000, ']') + "}");
  EXPECT_EQ(redacted({drop("b")}, "{\"a\":" + deep + "}"), "malformed");
}

// --- A random document keeps every other leaf, byte for byte. ---

struct Leaf {
  std::string place;  // keys with their number among the members, so that duplicates differ
  std::string text;
};

class Documents {
 public:
  explicit Documents(unsigned seed) : random_(seed) {}

  std::string object(int depth, const std::string& path, const std::string& place, bool hidden) {
    std::string out = "{" + blank();
    const int members = pick(5);
    for (int i = 0; i < members; ++i) {
      if (i > 0) out += "," + blank();
      const std::string key = names_[static_cast<std::size_t>(pick(4))];
      const std::string inner = path.empty() ? key : path + "." + key;
      out += written(key) + blank() + ":" + blank();
      out += value(depth, inner, place + "/" + key + std::to_string(i), hidden) + blank();
    }
    return out + "}";
  }

  std::vector<Leaf> open;  // leaves no rule reaches

 private:
  std::string value(int depth, const std::string& path, const std::string& place, bool inside) {
    const bool reached = inside || path == "a.b" || path == "b[].c" || path == "d";

    const int kind = pick(depth > 0 ? 6 : 4);
    if (kind == 4) return object(depth - 1, path, place, reached);
    if (kind == 5) {
      std::string out = "[";
      for (int i = 0, n = pick(4); i < n; ++i)
        out += (i > 0 ? "," : "") +
               value(depth - 1, path + "[]", place + "/" + std::to_string(i), reached);
      return out + "]";
    }
    const std::string number = std::to_string(++leaves_);
    std::string leaf = kind == 0   ? "\"text" + number + (pick(2) ? "\\n\\u00e4\\\"" : "가") + "\""
                       : kind == 1 ? number + ".50"
                       : kind == 2 ? "-" + number + "E+2"
                                   : (pick(2) ? "true" : "null");
    if (reached) return "\"SECRET" + number + (pick(2) ? "\\\"}]," : "") + "\"";
    open.push_back({place, leaf});
    return leaf;
  }
  std::string written(const std::string& key) {
    static constexpr char kHex[] = "0123456789abcdef";
    if (pick(3) > 0) return "\"" + key + "\"";
    return std::string("\"\\u00") + kHex[key[0] >> 4] + kHex[key[0] & 15] + "\"";
  }
  std::string blank() { return std::string(static_cast<std::size_t>(pick(3)), ' '); }
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  std::mt19937 random_;
  std::array<const char*, 4> names_{"a", "b", "c", "d"};
  int leaves_ = 0;
};

TEST(Redact, RandomDocumentsKeepEveryOtherLeafAndNoSecret) {
  simdjson::dom::parser parser;
  int redactions = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    Documents documents(seed);
    const std::string json = documents.object(4, "", "", false);
    ASSERT_EQ(parser.parse(json).error(), simdjson::SUCCESS) << json;
    for (const auto& rules : {std::vector{drop("a.b"), drop("b[].c"), drop("d")},
                              std::vector{mask("a.b"), mask("b[].c"), mask("d")},
                              std::vector{hash("a.b"), hash("b[].c"), hash("d")}}) {
      const Redaction redaction(rules, catalogue());
      std::string out;
      const auto result = redaction.apply(json, nullptr, out);
      ASSERT_NE(result, Result::kMalformed) << json;
      if (result == Result::kUntouched) out = json;
      ASSERT_EQ(parser.parse(out).error(), simdjson::SUCCESS) << json << "\n" << out;
      ASSERT_THAT(out, Not(HasSubstr("SECRET"))) << json;
      std::size_t at = 0;
      for (const auto& leaf : documents.open) {  // in order, each as it was
        at = out.find(leaf.text, at);
        ASSERT_NE(at, out.npos) << leaf.place << " " << leaf.text << "\n" << json << "\n" << out;
        at += leaf.text.size();
      }
      std::string again;
      ASSERT_EQ(redaction.apply(out, nullptr, again), Result::kUntouched) << out;
      redactions += result == Result::kRedacted ? 1 : 0;
    }
  }
  EXPECT_GT(redactions, 3000);
}

TEST(RedactRules, WhatWouldMakeEventsUnreadableIsUnfit) {
  auto typed = [](RedactRule rule, const char* type) {
    rule.type = type;
    return rule;
  };
  const std::pair<RedactRule, const char*> bad[] = {
      {drop(""), "is no path"},
      {drop("a..b"), "is no path"},
      {drop("a[]b"), "is no path"},
      {drop("event_type"), "type is read there"},
      {hash("eventType"), "type is read there"},
      {mask("timestamp"), "time is read there"},
      {drop("@timestamp"), "time is read there"},
      {mask("event_id"), "use hash or drop"},
      {typed(drop("decision.selected_cluster"), "scheduling"),
       "'cluster' of scheduling_decision is required"},
      {typed(drop("decision.selectedCluster"), "scheduling"), "is required"},
      {typed(mask("decision"), "scheduling_decision"), "is required"},
      {typed(mask("workload"), "scheduling_decision"), "is required"},
      {drop("message"), "'message' of alert is required"},
      {typed(mask("execution_time_ms"), "scheduling"), "is a number"},
      {typed(hash("execution_time_ms"), "scheduling"), "is a number"},
      {typed(mask("severity"), "alert"), "takes only its own values"}};
  for (const auto& [rule, want] : bad)
    EXPECT_THAT(unfit(rule, catalogue()), HasSubstr(want)) << rule.path;
  const RedactRule good[] = {drop("owner"),
                             hash("event_id"),
                             mask("message"),
                             typed(drop("message"), "scheduling"),
                             typed(drop("execution_time_ms"), "scheduling"),
                             typed(mask("decision.selected_cluster"), "scheduling"),
                             typed(hash("workload"), "scheduling"),
                             typed(drop("severity"), "alert"),
                             mask("a[].b[].c", 4)};
  for (const auto& rule : good) EXPECT_EQ(unfit(rule, catalogue()), "") << rule.path;
}

// --- Through the decoder: nothing of the value is kept or quoted. ---

struct Decoded {
  bool ok = false;
  EventBatch batch;
  std::vector<FieldError> errors;
  std::vector<std::string_view> warnings;
  std::string kept;  // of a refused one
  std::string withheld;
};

Decoded decode(std::vector<RedactRule> rules, std::string_view json, std::string_view type = {}) {
  DecodeOptions options;
  options.redaction = std::make_shared<const Redaction>(std::move(rules), catalogue());
  TransportHints hints{.type = type};
  hints.received = from_nanos(1'736'955'000'000'000'000);
  Decoder decoder(catalogue(), options);
  Decoded result;
  result.ok = decoder.decode(json, hints, result.batch, result.errors, result.warnings);
  if (!result.ok) {
    const Refused refused = decoder.refused(json);
    result.kept = refused.body;
    result.withheld = refused.withheld;
  }
  return result;
}

constexpr std::string_view kAlert =
    R"({"event_type":"alert", "timestamp":"2025-01-15T10:30:00Z","message":"SECRET","owner":{"mail":"SECRET","n":1.0}})";

TEST(RedactedEvents, BodyFieldsAndIdAreOfTheRedactedEvent) {
  const std::vector<RedactRule> rules{mask("message"), drop("owner.mail")};
  const Decoded first = decode(rules, kAlert);
  ASSERT_TRUE(first.ok);
  const Event& event = first.batch.events.at(0);
  EXPECT_EQ(
      event.body,
      R"({"event_type":"alert","timestamp":"2025-01-15T10:30:00Z","message":"***","owner":{"n":1.0}})");
  EXPECT_EQ(event.fields[*event.type->slot("message")].text, "***");
  const Decoded again = decode(rules, event.body);
  EXPECT_EQ(again.batch.events.at(0).id, event.id);
  EXPECT_EQ(decode({}, event.body).batch.events.at(0).id, event.id);
  std::string wrapped = R"({"log":)";
  append_json_string(wrapped, kAlert);
  EXPECT_EQ(decode(rules, wrapped + "}").batch.events.at(0).id, event.id);
  const Decoded unknown =
      decode(rules, R"({"event_type":"made_up","message":"SECRET","source":"s"})");
  EXPECT_EQ(unknown.batch.events.at(0).type_name, "made_up");
  EXPECT_EQ(unknown.batch.events.at(0).body,
            R"({"event_type":"made_up","message":"***","source":"s"})");
}

TEST(RedactedEvents, RefusalsKeepAndQuoteNoneOfIt) {
  const std::vector<RedactRule> rules{drop("token"), mask("note"), hash("workload")};
  auto wrap = [](std::string_view text, std::string_view key = "log") {
    std::string out = "{\"" + std::string(key) + "\":";
    append_json_string(out, text);
    return out + "}";
  };
  struct Row {
    std::string json;
    const char* type;
    const char* kept;  // nullptr: withheld
  };
  const Row rows[] = {
      {R"({"token":"SECRET","a":1})", "", R"({"a":1})"},
      {R"({"event_type":7,"token":"SECRET"})", "", R"({"event_type":7})"},
      {R"({"event_type":"alert","token":"SECRET"})", "scheduling", R"({"event_type":"alert"})"},
      {R"({"event_type":"alert","note":"SECRET"})", "", R"({"event_type":"alert","note":"***"})"},
      {R"({"event_type":"alert","message":"x","workload":{"SECRET":1},"severity":"nope"})", "",
       R"({"event_type":"alert","message":"x","workload":"hmac:)"},
      {R"({"event_type":"alert","token":"SECRET")", "", nullptr},
      {R"({"event_type":"alert","message":"SECRET\u0000"})", "", nullptr},
      {wrap(R"({"event_type":"alert","token":"SECRET","a":1})"), "",
       R"({"event_type":"alert","a":1})"},
      {wrap(R"({"event_type":"alert","token":"SECRET)"), "", nullptr},
      {wrap(R"({"token":"SECRET"})"), "scheduling", nullptr},
      {wrap(R"({"token":"SECRET"})", "message"), "", nullptr},
      {wrap(wrap(wrap(R"({"event_type":"alert","token":"SECRET","message":"m"})"))), "", nullptr},
      {wrap("SECRET"), "", nullptr},
      {wrap("SECRET"), "scheduling", nullptr}};
  for (const auto& row : rows) {
    const Decoded result = decode(rules, row.json, row.type);
    ASSERT_FALSE(result.ok) << row.json;
    EXPECT_THAT(result.kept, Not(HasSubstr("SECRET"))) << row.json;
    for (const auto& error : result.errors)
      EXPECT_THAT(error.path + error.problem + error.expected, Not(HasSubstr("SECRET")))
          << row.json;
    if (row.kept != nullptr) {
      EXPECT_THAT(result.kept, testing::StartsWith(row.kept)) << row.json;
      EXPECT_EQ(result.withheld, "");
    } else {
      EXPECT_EQ(result.kept, "") << row.json;
      EXPECT_THAT(result.withheld, HasSubstr(std::to_string(row.json.size()) + " bytes, SHA-256 "))
          << row.json;
    }
  }
}

}  // namespace
}  // namespace kcloud::core
