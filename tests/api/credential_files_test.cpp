#include "agent/api/credential_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <optional>

namespace kcloud::api {

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::chrono::milliseconds kInterval(5);

class CredentialFilesTest : public ::testing::Test {
 protected:
  CredentialFilesTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kcloud-files-XXXXXX").string();
    directory = mkdtemp(pattern.data());
    path = directory / "token";
    http.tokens.push_back({"grafana", {}, {"read"}, path.string()});
  }
  ~CredentialFilesTest() override { std::filesystem::remove_all(directory); }

  static void write(const std::filesystem::path& file, std::string_view text) {
    std::ofstream(file, std::ios::trunc) << text;
  }

  CredentialFiles::Changed changed() {
    return [this](const config::HttpConfig& now) {
      std::lock_guard lock(mutex);
      latest = now;
      arrived.notify_all();
    };
  }
  // Waits for a change after which the first token's file holds just `text`.
  bool waits_for(const std::string& text) {
    std::unique_lock lock(mutex);
    return arrived.wait_for(lock, std::chrono::seconds(10), [&] {
      return latest && latest->tokens[0].file_tokens == std::vector<config::Secret>{{text}};
    });
  }
  static CredentialFiles::Report reported(const CredentialFiles& files, bool good) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (files.report().faults.empty() != good && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(kInterval);
    }
    return files.report();
  }

  std::filesystem::path directory, path;
  config::HttpConfig http;
  std::mutex mutex;
  std::condition_variable arrived;
  std::optional<config::HttpConfig> latest;
};

}  // namespace

TEST_F(CredentialFilesTest, HandsOutWhatAFileHoldsNow) {
  write(path, "first-token-00001\n");
  CredentialFiles files(changed(), kInterval);
  files.watch(http, [] {});
  EXPECT_TRUE(waits_for("first-token-00001"));
  write(path, "second-token-0002\n");  // in place, same size
  EXPECT_TRUE(waits_for("second-token-0002"));
  write(directory / "new", "third-token-00003\n");
  std::filesystem::rename(directory / "new", path);
  EXPECT_TRUE(waits_for("third-token-00003"));
  EXPECT_EQ(files.report().reloads, 3u);
}

TEST_F(CredentialFilesTest, FollowsTheSwapOfAKubernetesSecret) {
  std::filesystem::create_directory(directory / "..1");
  std::filesystem::create_directory(directory / "..2");
  write(directory / "..1" / "token", "first-token-00001");
  write(directory / "..2" / "token", "second-token-0002");
  std::filesystem::create_directory_symlink("..1", directory / "..data");
  std::filesystem::create_symlink("..data/token", path);
  CredentialFiles files(changed(), kInterval);
  files.watch(http, [] {});
  EXPECT_TRUE(waits_for("first-token-00001"));
  std::filesystem::create_directory_symlink("..2", directory / "..data_tmp");
  std::filesystem::rename(directory / "..data_tmp", directory / "..data");
  EXPECT_TRUE(waits_for("second-token-0002"));
}

TEST_F(CredentialFilesTest, KeepsTheLastGoodOneWhileAFileIsBad) {
  write(path, "first-token-00001\n");
  CredentialFiles files(changed(), kInterval);
  files.watch(http, [] {});
  EXPECT_TRUE(waits_for("first-token-00001"));
  EXPECT_THAT(reported(files, true).faults, IsEmpty());

  std::filesystem::remove(path);
  CredentialFiles::Report report = reported(files, false);
  ASSERT_EQ(report.faults.size(), 1u);
  EXPECT_THAT(report.faults[0], HasSubstr("http.tokens, grafana: token_file " + path.string()));
  EXPECT_THAT(report.faults[0], HasSubstr("cannot be read"));
  write(path, "tooshort\n");
  while (files.report().faults[0].find("cannot be read") != std::string::npos) {
    std::this_thread::sleep_for(kInterval);
  }
  report = files.report();
  EXPECT_THAT(report.faults[0], HasSubstr("line 1 must have at least 16 characters"));
  EXPECT_THAT(report.faults[0], Not(HasSubstr("tooshort")));
  EXPECT_EQ(report.failures, 1u);  // bad all the time
  EXPECT_EQ(report.reloads, 1u);
  EXPECT_TRUE(waits_for("first-token-00001"));

  write(path, "second-token-0002\n");
  EXPECT_TRUE(waits_for("second-token-0002"));
  EXPECT_THAT(reported(files, true).faults, IsEmpty());
}

TEST_F(CredentialFilesTest, ReadsSignersSecretsByTheirScheme) {
  http.tokens.clear();
  config::SignatureConfig signer;
  signer.name = "billing";
  signer.scheme = "standard_webhooks";
  signer.secrets_file = path.string();
  http.signatures.push_back(signer);
  write(path, "0123456789abcdef0123\n");
  CredentialFiles files(changed(), kInterval);
  files.watch(http, [] {});
  EXPECT_THAT(reported(files, false).faults.at(0), HasSubstr("line 1 must begin with `whsec_`"));
  write(path, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
  EXPECT_THAT(reported(files, true).faults, IsEmpty());
  std::unique_lock lock(mutex);
  ASSERT_TRUE(latest);
  EXPECT_EQ(latest->signatures[0].file_secrets.size(), 1u);
}

TEST_F(CredentialFilesTest, AnotherConfigurationEndsTheWatchOfTheFirst) {
  write(path, "first-token-00001\n");
  CredentialFiles files(changed(), kInterval);
  files.watch(http, [] {});
  EXPECT_TRUE(waits_for("first-token-00001"));
  bool between = false;
  files.watch({}, [&] { between = true; });
  EXPECT_TRUE(between);
  EXPECT_EQ(files.report().files, 0u);
  write(path, "second-token-0002\n");
  files.watch(http, [] {});
  EXPECT_TRUE(waits_for("second-token-0002"));
}

}  // namespace kcloud::api
