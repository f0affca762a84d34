#include "tests/support/redis_server.h"

#include <hiredis/hiredis.h>
#include <signal.h>

#include <stdexcept>

namespace kcloud::test_support {
namespace {

std::string shown(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_INTEGER) return std::to_string(reply.integer);
  if (reply.type != REDIS_REPLY_ARRAY) {
    return reply.str == nullptr ? "" : std::string(reply.str, reply.len);
  }
  std::string lines;
  for (std::size_t i = 0; i < reply.elements; ++i) {
    lines += (i == 0 ? "" : "\n") + shown(*reply.element[i]);
  }
  return lines;
}

}  // namespace

struct RedisServer::Link {
  explicit Link(std::uint16_t port) : context(redisConnect("127.0.0.1", port)) {}
  ~Link() { redisFree(context); }
  bool alive() const { return context != nullptr && context->err == 0; }

  void append(const std::vector<std::string>& words) {
    std::vector<const char*> starts;
    std::vector<std::size_t> sizes;
    for (const auto& word : words) {
      starts.push_back(word.data());
      sizes.push_back(word.size());
    }
    redisAppendCommandArgv(context, static_cast<int>(words.size()), starts.data(), sizes.data());
  }

  std::string answer() {
    void* raw = nullptr;
    if (redisGetReply(context, &raw) != REDIS_OK) throw std::runtime_error(context->errstr);
    const std::unique_ptr<redisReply, void (*)(void*)> reply(static_cast<redisReply*>(raw),
                                                             freeReplyObject);
    if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(shown(*reply));
    return shown(*reply);
  }

  redisContext* context;
};

RedisServer::RedisServer(std::vector<std::string> options)
    : options_(std::move(options)),
      port_(free_port()),
      address_("127.0.0.1:" + std::to_string(port_)) {
  start();
}

RedisServer::~RedisServer() = default;

void RedisServer::start() {
  std::vector<std::string> command{"redis-server",    "--port",    std::to_string(port_),
                                   "--bind",          "127.0.0.1", "--dir",
                                   directory_.path(), "--save",    ""};
  command.insert(command.end(), options_.begin(), options_.end());
  link_.reset();
  process_ = std::make_unique<ServerProcess>(command, directory_.path() + "/redis.log");
  const bool up = eventually([&] {
    if (!process_->running()) return true;
    Link probe(port_);
    if (!probe.alive()) return false;
    probe.append({"PING"});
    try {
      probe.answer();
      return true;
    } catch (const std::runtime_error& error) {
      return std::string(error.what()).starts_with("NOAUTH");
    }
  });
  if (!up || !process_->running()) throw std::runtime_error("redis-server did not start");
}

std::string RedisServer::command(const std::vector<std::string>& words) {
  if (link_ == nullptr || !link_->alive()) link_ = std::make_unique<Link>(port_);
  link_->append(words);
  return link_->answer();
}

void RedisServer::pipeline(const std::vector<std::vector<std::string>>& commands) {
  if (link_ == nullptr || !link_->alive()) link_ = std::make_unique<Link>(port_);
  for (const auto& words : commands) link_->append(words);
  for (std::size_t i = 0; i < commands.size(); ++i) link_->answer();
}

void RedisServer::stop() {
  link_.reset();
  process_->end(SIGTERM);
}

void RedisServer::kill() {
  link_.reset();
  process_->end(SIGKILL);
}

void RedisServer::freeze() { process_->signal(SIGSTOP); }
void RedisServer::thaw() { process_->signal(SIGCONT); }

}  // namespace kcloud::test_support
