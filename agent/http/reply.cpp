#include "agent/http/reply.h"

#include <utility>

namespace kcloud::http {

Reply::Reply(std::shared_ptr<Exchange> exchange, std::uint64_t turn)
    : exchange_(std::move(exchange)), turn_(turn) {}

Reply::~Reply() {
  if (exchange_) send(problem(500, "the request was given up"));
}

void Reply::send(Response response) { stream(std::move(response), nullptr); }

void Reply::stream(Response response, std::unique_ptr<Stream> stream) {
  if (auto exchange = std::exchange(exchange_, nullptr)) {
    exchange->answer(turn_, std::move(response), std::move(stream));
  }
}

Reply Reply::through(const Wrap& wrap) && {
  return {wrap(std::exchange(exchange_, nullptr)), turn_};
}

void Reply::post(std::function<void()> task) {
  if (exchange_) exchange_->post(std::move(task));
}

void Piece::send(std::string bytes) const { exchange_->piece(turn_, std::move(bytes)); }

void Piece::post(std::function<void()> task) const { exchange_->post(std::move(task)); }

}  // namespace kcloud::http
