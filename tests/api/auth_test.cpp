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
    EXPECT_EQ(auth.check(test.authorization, test.access), test.want) << test.authorization;
  }
}

TEST(Auth, AnonymousRolesAreForRequestsWithoutAToken) {
  config::HttpConfig config;
  config.anonymous_roles = {"ingest"};
  const Auth auth(config);
  EXPECT_EQ(auth.check("", Access::kIngest), Permission::kGranted);
  EXPECT_EQ(auth.check("", Access::kRead), Permission::kNoToken);
  EXPECT_EQ(auth.check("Bearer wrong", Access::kIngest), Permission::kBadToken);
}

TEST(Auth, AVerifiedClientCertificateAddsItsRoles) {
  config::HttpConfig config;
  config.tokens = {{"reader", {"secret-1"}, {"read"}}};
  config.tls.client_roles = {"ingest"};
  const Auth auth(config);
  EXPECT_EQ(auth.check("", Access::kIngest, false), Permission::kNoToken);
  EXPECT_EQ(auth.check("", Access::kIngest, true), Permission::kGranted);
  EXPECT_EQ(auth.check("", Access::kRead, true), Permission::kNoToken);
  EXPECT_EQ(auth.check("Bearer secret-1", Access::kIngest, true), Permission::kGranted);
  EXPECT_EQ(auth.check("Bearer secret-1", Access::kIngest, false), Permission::kForbidden);
  EXPECT_EQ(auth.check("Bearer wrong", Access::kIngest, true), Permission::kBadToken);
}

TEST(Auth, AnEmptyTokenOpensNothing) {
  config::HttpConfig config;
  config.tokens = {{"unset", {""}, {"admin"}}};
  EXPECT_EQ(Auth(config).check("Bearer ", Access::kRead), Permission::kBadToken);
}

}  // namespace kcloud::api
