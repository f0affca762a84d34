#include "agent/api/auth.h"

#include <gtest/gtest.h>

namespace kcloud::api {

TEST(Auth, GrantsByTokenAndRole) {
  config::HttpConfig config;
  config.tokens = {{"publisher", {"secret-1"}, {"ingest"}},
                   {"rotated", {"secret-2"}, {"ingest", "read"}},
                   {"operator", {"secret-3"}, {"admin"}}};
  const Auth auth(config);
  struct Case {
    const char* authorization;
    Access access;
    Permission want;
  };
  using enum Permission;
  const Case cases[] = {
      {"", Access::kOpen, kGranted},
      {"Bearer wrong", Access::kOpen, kGranted},
      {"", Access::kIngest, kNoToken},
      {"Bearer secret-1", Access::kIngest, kGranted},
      {"bearer  secret-1", Access::kIngest, kGranted},
      {"Bearer secret-1", Access::kRead, kForbidden},
      {"Bearer secret-2", Access::kRead, kGranted},
      {"Bearer secret-2", Access::kAdmin, kForbidden},
      {"Bearer secret-3", Access::kAdmin, kGranted},
      {"Bearer secret-3", Access::kIngest, kGranted},
      {"Bearer secret-", Access::kIngest, kBadToken},
      {"Bearer secret-11", Access::kIngest, kBadToken},
      {"Bearer ", Access::kIngest, kBadToken},
      {"Basic c2VjcmV0LTE=", Access::kIngest, kBadToken},
      {"secret-1", Access::kIngest, kBadToken},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(auth.check(test.authorization, test.access).permission, test.want)
        << test.authorization;
  }
}

TEST(Auth, AnonymousRolesAreForRequestsWithoutAToken) {
  config::HttpConfig config;
  config.anonymous_roles = {"ingest"};
  const Auth auth(config);
  EXPECT_EQ(auth.check("", Access::kIngest).permission, Permission::kGranted);
  EXPECT_EQ(auth.check("", Access::kRead).permission, Permission::kNoToken);
  EXPECT_EQ(auth.check("Bearer wrong", Access::kIngest).permission, Permission::kBadToken);
}

TEST(Auth, AVerifiedClientCertificateAddsItsRoles) {
  config::HttpConfig config;
  config.tokens = {{"reader", {"secret-1"}, {"read"}}};
  config.tls.client_roles = {"ingest"};
  const Auth auth(config);
  EXPECT_EQ(auth.check("", Access::kIngest, false).permission, Permission::kNoToken);
  EXPECT_EQ(auth.check("", Access::kIngest, true).permission, Permission::kGranted);
  EXPECT_EQ(auth.check("", Access::kRead, true).permission, Permission::kNoToken);
  EXPECT_EQ(auth.check("Bearer secret-1", Access::kIngest, true).permission, Permission::kGranted);
  EXPECT_EQ(auth.check("Bearer secret-1", Access::kIngest, false).permission,
            Permission::kForbidden);
  EXPECT_EQ(auth.check("Bearer wrong", Access::kIngest, true).permission, Permission::kBadToken);
}

TEST(Auth, AnEmptyTokenOpensNothing) {
  config::HttpConfig config;
  config.tokens = {{"unset", {""}, {"admin"}}};
  EXPECT_EQ(Auth(config).check("Bearer ", Access::kRead).permission, Permission::kBadToken);
}

TEST(Auth, SaysWhoseTokenItWas) {
  config::HttpConfig config;
  config.anonymous_max_events_per_s = 7;
  config.tokens = {{"one", {"secret-1"}, {"ingest"}}, {"two", {"secret-2"}, {"ingest"}}};
  config.tokens[1].file_tokens = {{"secret-3"}, {"secret-4"}};
  config.tokens[1].quota = {10, 20};
  config::SignatureConfig signer;
  signer.name = "billing";
  signer.scheme = "github";
  signer.secrets = {{"0123456789abcdef"}};
  config.signatures = {signer};
  const Auth auth(config);
  const auto name = [&](const char* authorization) {
    return auth.publishers()[auth.check(authorization, Access::kIngest).publisher].name;
  };
  EXPECT_EQ(name(""), "anonymous");
  EXPECT_EQ(name("Bearer secret-1"), "one");
  for (const char* token : {"Bearer secret-2", "Bearer secret-3", "Bearer secret-4"}) {
    EXPECT_EQ(name(token), "two");
  }
  EXPECT_EQ(auth.publishers()[0].quota.max_events_per_s, 7u);
  EXPECT_EQ(auth.publishers()[2].quota.burst_events, 20u);
  EXPECT_EQ(auth.publishers()[3].name, "billing");
}

TEST(CrossSite, KnowsWhatAPageOfAnotherSiteSends) {
  struct Case {
    const char* method;
    const char* host;
    const char* origin;
    const char* site;
    bool foreign;
  };
  const Case cases[] = {
      {"GET", "localhost:8007", "", "", false},
      {"GET", "LocalHost", "", "", false},
      {"GET", "127.0.0.1:49152", "", "", false},
      {"GET", "127.8.9.10", "", "", false},
      {"GET", "[::1]:8007", "", "", false},
      {"GET", "", "", "", false},
      {"GET", "rebound.example:8007", "", "", true},
      {"GET", "127.0.0.1.rebound.example", "", "", true},
      {"GET", "localhost.rebound.example:8007", "", "", true},
      {"GET", "192.168.0.7:8007", "", "", true},
      {"GET", "[::2]:8007", "", "", true},
      {"GET", "[::1", "", "", true},
      {"GET", "0.0.0.0:8007", "", "", true},
      {"GET", "localhost:8007", "https://evil.example", "cross-site", false},
      {"POST", "localhost:8007", "", "", false},
      {"POST", "localhost:8007", "http://localhost:3000", "same-site", false},
      {"POST", "localhost:8007", "http://127.0.0.1:3000", "", false},
      {"POST", "localhost:8007", "http://[::1]:3000", "", false},
      {"POST", "localhost:8007", "", "none", false},
      {"POST", "localhost:8007", "https://evil.example", "", true},
      {"POST", "localhost:8007", "https://localhost.evil.example", "", true},
      {"POST", "localhost:8007", "null", "", true},
      {"POST", "localhost:8007", "", "cross-site", true},
      {"POST", "rebound.example", "http://rebound.example", "same-origin", true},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(!cross_site(test.method, test.host, test.origin, test.site).empty(), test.foreign)
        << test.method << " " << test.host << " " << test.origin << " " << test.site;
  }
}

}  // namespace kcloud::api
