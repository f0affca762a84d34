// A real nginx in front of a server: basic authentication and a limit of body sizes, which an
// OpenSearch without plugins has not.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "exporters/http_client/client.h"
#include "tests/support/environment.h"
#include "tests/support/server_process.h"

namespace kcloud::elasticsearch::testing {

class Nginx {
 public:
  // Lets `writer` / `hush-hush` pass; bodies of at most 4 KiB.
  explicit Nginx(std::uint16_t target) : port_(test_support::free_port()) {
    std::ofstream(directory_.path() + "/users") << "writer:{PLAIN}hush-hush\n";
    std::ofstream(directory_.path() + "/nginx.conf")
        << fmt::format(R"(
daemon off;
master_process off;
user root;
pid {0}/pid;
error_log {0}/error.log;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {0}/body;
  proxy_temp_path {0}/proxy;
  fastcgi_temp_path {0}/fastcgi;
  uwsgi_temp_path {0}/uwsgi;
  scgi_temp_path {0}/scgi;
  server {{
    listen 127.0.0.1:{1};
    client_max_body_size 4k;
    auth_basic kcloud;
    auth_basic_user_file {0}/users;
    location / {{ proxy_pass http://127.0.0.1:{2}; }}
  }}
}}
)",
                       directory_.path(), port_, target);
    process_ = std::make_unique<test_support::ServerProcess>(
        std::vector<std::string>{"/usr/sbin/nginx", "-c", directory_.path() + "/nginx.conf"},
        directory_.path() + "/log");
    http_client::Client client({});
    const auto up = [&] {
      http_client::Request request;
      request.url = url();
      return client.get(request).status == 401;
    };
    if (!test_support::eventually(up)) throw std::runtime_error("nginx did not start");
  }

  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }

 private:
  test_support::TemporaryDirectory directory_;
  std::uint16_t port_;
  std::unique_ptr<test_support::ServerProcess> process_;
};

}  // namespace kcloud::elasticsearch::testing
