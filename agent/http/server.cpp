#include "agent/http/server.h"

#include "agent/http/core.h"

namespace kcloud::http {

Server::Server(const Options& options, Handler& handler)
    : core_(std::make_shared<Core>(options, handler)) {}

Server::~Server() { stop(milliseconds(0)); }

void Server::start() { core_->start(); }

void Server::stop(milliseconds timeout) { core_->stop(timeout); }

std::uint16_t Server::port() const { return core_->port; }

const std::string& Server::address() const { return core_->address; }

const Counters& Server::counters() const { return core_->counters; }

std::optional<TlsStatus> Server::tls_status() const {
  if (!core_->certificates) return std::nullopt;
  return core_->certificates->status();
}

void Server::reload_tls() {
  if (core_->certificates) core_->certificates->look_now();
}

void Server::post(std::function<void()> task) { core_->post(std::move(task)); }

std::function<void(std::function<void()>)> Server::poster() const {
  return [core = core_](std::function<void()> task) { core->post(std::move(task)); };
}

}  // namespace kcloud::http
