#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/http_client/client.h"
#include "tests/support/environment.h"
#include "tests/support/server_process.h"

namespace kcloud::http_client {
namespace {

using test_support::eventually;
using test_support::ServerProcess;
using ::testing::HasSubstr;

// `openssl s_server` with a certificate for 127.0.0.1 that only its own file vouches for.
class Tls : public ::testing::Test {
 protected:
  void SetUp() override {
    ServerProcess make(
        {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=kcloud-test", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", path("key.pem"), "-out", path("cert.pem")},
        path("make.log"));
    ASSERT_TRUE(eventually([&] { return !make.running(); }));
    const auto port = std::to_string(test_support::free_port());
    url_ = "https://127.0.0.1:" + port;
    server_ = std::make_unique<ServerProcess>(
        std::vector<std::string>{"openssl", "s_server", "-quiet", "-accept", "127.0.0.1:" + port,
                                 "-cert", path("cert.pem"), "-key", path("key.pem"), "-www"},
        path("server.log"));
    Options anything;
    anything.verify_tls = false;
    ASSERT_TRUE(eventually([&] { return get(anything).status == 200; }));
  }

  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  Response get(const Options& options, const std::string& url = "") const {
    Request request;
    request.url = url.empty() ? url_ : url;
    return Client(options).get(request);
  }

  test_support::TemporaryDirectory directory_;
  std::string url_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(Tls, AnUnknownCertificateIsRefused) {
  const auto response = get({});
  EXPECT_FALSE(response.answered());
  EXPECT_THAT(response.error, HasSubstr("certificate"));
}

TEST_F(Tls, ACertificateTheGivenFileVouchesForIsAccepted) {
  Options options;
  options.ca_file = path("cert.pem");
  EXPECT_EQ(get(options).status, 200);
}

TEST_F(Tls, ACertificateOfAnotherHostIsRefused) {
  Options options;
  options.ca_file = path("cert.pem");
  const auto response = get(options, "https://localhost" + url_.substr(url_.rfind(':')));
  EXPECT_FALSE(response.answered());
}

}  // namespace
}  // namespace kcloud::http_client
