#include "agent/cli/address_options.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace kcloud::cli {

CLI::Option* add_agent(CLI::App& command, Address& agent, const std::string& what) {
  const char* token = std::getenv("KCLOUD_LOGGER_TOKEN");
  agent.token = token != nullptr ? token : "";
  command.add_option("--token", agent.token, "Bearer token (or KCLOUD_LOGGER_TOKEN)");
  command.add_option("--ca", agent.ca, "PEM file of the authorities to trust, for https");
  auto* cert = command.add_option("--cert", agent.cert, "PEM file of the certificate to show");
  auto* key = command.add_option("--key", agent.key, "PEM file of that certificate's key");
  cert->needs(key);
  key->needs(cert);
  return command.add_option("--url", agent.url, what)->capture_default_str();
}

}  // namespace kcloud::cli
