// Replies to requests that change something here: what was done is an event on disk before the
// client hears that it was.
#pragma once

#include <functional>
#include <string_view>

#include "agent/api/routes.h"
#include "agent/http/reply.h"

namespace kcloud::api {

// What an event says of the route's action; empty: it changes nothing.
std::string_view change_of(Action action);

// `tell` stores the event and calls what it is given then. Of answers that are no success nothing
// is told.
using Tell = std::function<void(const std::function<void()>& then)>;
http::Reply told_reply(http::Reply reply, Tell tell);

}  // namespace kcloud::api
