#include "agent/http/tls_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/http/pki.h"

namespace kcloud::http {

using ::testing::HasSubstr;

TEST(TlsFiles, SaysWhatIsWrongWithWhich) {
  const testing::Pki pki;
  pki.make("server", "/CN=localhost", 30);
  pki.make("other", "/CN=other", 30);
  testing::Pki::run("openssl pkey -in " + pki.key("server") +
                    " -aes256 -passout pass:secret -out " + pki.key("encrypted"));
  testing::Pki::run("openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=weak -days 30 -out " +
                    pki.certificate("weak") + " -keyout " + pki.key("weak"));
  std::ofstream(pki.certificate("empty"));
  std::ofstream(pki.certificate("garbage")) << "-----BEGIN CERTIFICATE-----\nnothing\n";
  const std::string good = pki.certificate("server"), key = pki.key("server");
  const std::string ca = pki.certificate("ca");
  struct Case {
    const char* name;
    std::string certificate, key, client_ca;
    const char* option;
    const char* message;
  };
  const Case cases[] = {
      {"good", good, key, ca, "", ""},
      {"no certificate", pki.certificate("none"), key, ca, "certificate",
       "none.pem: cannot be read: No such file or directory"},
      {"directory", pki.directory(), key, ca, "certificate", "cannot be read: Is a directory"},
      {"empty", pki.certificate("empty"), key, ca, "certificate", "no usable PEM certificate"},
      {"garbage", pki.certificate("garbage"), key, ca, "certificate", "no usable PEM certificate"},
      {"weak", pki.certificate("weak"), pki.key("weak"), ca, "certificate", "ee key too small"},
      {"no key", good, pki.key("none"), ca, "key", "none.key: cannot be read"},
      {"another's key", good, pki.key("other"), ca, "key", "not the key of the certificate in"},
      {"encrypted key", good, pki.key("encrypted"), ca, "key", "no unencrypted PEM key"},
      {"certificate as key", good, good, ca, "key", "no unencrypted PEM key"},
      {"no authorities", good, key, pki.certificate("none"), "client_ca", "cannot be read"},
      {"a key as authorities", good, key, key, "client_ca", "no usable PEM certificates"},
  };
  for (const Case& test : cases) {
    TlsOptions options;
    options.certificate = test.certificate;
    options.key = test.key;
    options.client_ca = test.client_ca;
    options.client_auth = ClientAuth::kRequired;
    const TlsLoaded loaded = load_tls(options);
    EXPECT_EQ(loaded.problem ? loaded.problem->option : "", test.option) << test.name;
    EXPECT_EQ(loaded.context == nullptr, loaded.problem.has_value()) << test.name;
    if (loaded.problem) {
      EXPECT_THAT(loaded.problem->message, HasSubstr(test.message)) << test.name;
      EXPECT_THAT(loaded.problem->message, Not(HasSubstr("PRIVATE"))) << test.name;
    }
  }
}

TEST(TlsFiles, KnowsWhenTheCertificateEnds) {
  const testing::Pki pki;
  pki.make("server", "/CN=localhost", 30);
  TlsOptions options;
  options.certificate = pki.certificate("server");
  options.key = pki.key("server");
  const auto left = load_tls(options).not_after - std::chrono::system_clock::now();
  EXPECT_GT(left, std::chrono::hours(24 * 30 - 1));
  EXPECT_LE(left, std::chrono::hours(24 * 30));
}

}  // namespace kcloud::http
