#include "agent/api/credential_files.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace kcloud::api {

CredentialFiles::CredentialFiles(Changed changed, std::chrono::milliseconds interval)
    : changed_(std::move(changed)), interval_(interval) {}

void CredentialFiles::watch(const config::HttpConfig& http,
                            const std::function<void()>& put_in_force) {
  std::lock_guard lock(mutex_);
  ++generation_;
  http_ = http;
  files_.clear();
  for (std::size_t i = 0; i < http.tokens.size(); ++i) {
    const config::TokenConfig& token = http.tokens[i];
    if (token.token_file.empty()) continue;
    files_.push_back(
        {fmt::format("http.tokens, {}: token_file {}", token.name, token.token_file), false, i});
  }
  for (std::size_t i = 0; i < http.signatures.size(); ++i) {
    const config::SignatureConfig& signer = http.signatures[i];
    if (signer.secrets_file.empty()) continue;
    files_.push_back(
        {fmt::format("http.signatures, {}: secrets_file {}", signer.name, signer.secrets_file),
         true, i});
  }
  put_in_force();
  if (!files_.empty() && !thread_.joinable()) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
}

CredentialFiles::Report CredentialFiles::report() const {
  std::lock_guard lock(mutex_);
  Report report{files_.size(), reloads_, failures_, {}};
  for (const File& file : files_) {
    if (!file.fault.empty()) report.faults.push_back(file.what + ": " + file.fault);
  }
  return report;
}

void CredentialFiles::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    look();
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, interval_, [] { return false; });
  }
}

void CredentialFiles::look() {
  std::unique_lock lock(mutex_);
  const std::uint64_t generation = generation_;
  const std::vector<File> files = files_;
  const config::HttpConfig http = http_;
  lock.unlock();
  const config::Environment environment = config::Environment::system();
  std::vector<config::Credentials> found;
  found.reserve(files.size());
  for (const File& file : files) {
    found.push_back(file.signer ? config::read_credentials(http.signatures[file.index], environment)
                                : config::read_credentials(http.tokens[file.index], environment));
  }
  lock.lock();
  if (generation != generation_) return;
  bool changed = false;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const bool settled = found[i] == files_[i].seen;
    files_[i].seen = std::move(found[i]);
    if (settled) changed |= judge(files_[i], files_[i].seen);
  }
  if (changed) changed_(http_);
}

// Whether the file holds something new that is good.
bool CredentialFiles::judge(File& file, const config::Credentials& found) {
  if (found.fault != file.fault) {
    if (found.fault.empty()) {
      spdlog::info("{}: good again", file.what);
    } else {
      failures_ += file.fault.empty() ? 1 : 0;
      spdlog::warn("{}: {}; what it held last stays in force", file.what, found.fault);
    }
    file.fault = found.fault;
  }
  if (!found.fault.empty()) return false;
  std::vector<config::Secret>& in_force = file.signer ? http_.signatures[file.index].file_secrets
                                                      : http_.tokens[file.index].file_tokens;
  if (in_force == found.values) return false;
  in_force = found.values;
  ++reloads_;
  spdlog::info("{}: read again, {} in force", file.what, in_force.size());
  return true;
}

}  // namespace kcloud::api
