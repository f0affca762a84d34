// agent/api/openapi.json, compiled in.
#pragma once

#include <string_view>

namespace kcloud::api {

std::string_view openapi_document();

}  // namespace kcloud::api
