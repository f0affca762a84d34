// Certificates for tests, made with the `openssl` command in a temporary directory of their own.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace kcloud::testing {

class Pki {
 public:
  Pki() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kcloud-pki-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    make("ca", "/CN=the authority", 30, "");
  }
  ~Pki() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Pki(const Pki&) = delete;

  std::string certificate(const std::string& name) const {
    return directory_ + "/" + name + ".pem";
  }
  std::string key(const std::string& name) const { return directory_ + "/" + name + ".key"; }
  const std::string& directory() const { return directory_; }

  // `name`.pem and `name`.key, signed by `authority` (empty: by itself).
  void make(const std::string& name, const std::string& subject, int days,
            const std::string& authority = "ca", const std::string& more = "") const {
    std::string command = "openssl req -x509 -days " + std::to_string(days) + " -out " +
                          certificate(name) + key_and_subject(name, subject);
    if (!authority.empty()) {
      command += " -CA " + certificate(authority) + " -CAkey " + key(authority);
    }
    run(command + " " + more);
  }
  // The same, expired a day ago.
  void make_expired(const std::string& name, const std::string& subject) const {
    const std::string request = directory_ + "/" + name + ".csr";
    run("openssl req -new -out " + request + key_and_subject(name, subject));
    run("openssl x509 -req -days -1 -in " + request + " -out " + certificate(name) + " -CA " +
        certificate("ca") + " -CAkey " + key("ca"));
  }

  static void run(const std::string& command) {
    if (std::system((command + " 2>/dev/null").c_str()) != 0) {
      throw std::runtime_error("failed: " + command);
    }
  }

 private:
  std::string key_and_subject(const std::string& name, const std::string& subject) const {
    return " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " + key(name) + " -subj '" +
           subject + "'";
  }

  std::string directory_;
};

}  // namespace kcloud::testing
