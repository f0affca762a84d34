#include "core/base64.h"

#include <gtest/gtest.h>

namespace kcloud::core {

TEST(Base64, DecodesAndEncodesTheExamplesOfRfc4648) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"Zg==", "f"},
                                                       {"Zm8=", "fo"},
                                                       {"Zm9v", "foo"},
                                                       {"Zm9vYg==", "foob"},
                                                       {"Zm9vYmE=", "fooba"},
                                                       {"Zm9vYmFy", "foobar"},
                                                       {"+/+/", "\xfb\xff\xbf"}};
  for (const auto& [text, bytes] : cases) {
    EXPECT_EQ(base64_decode(text), bytes) << text;
    EXPECT_EQ(base64_encode(bytes), text);
  }
}

TEST(Base64, RefusesWhatIsNone) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zm8", "Zg===", "====", "Z===", "Zg= =", "Zm9v\n",
                           "Zm 9", "Zh==", "Zm9=", "-_-_", "Zg==Zg==", "\xff\xff\xff\xff"}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
}

}  // namespace kcloud::core
