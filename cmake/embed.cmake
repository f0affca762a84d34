# cmake -DINPUT=… -DOUTPUT=… -DFUNCTION=… -P embed.cmake: a text file as a function that returns it.
file(READ "${INPUT}" text)
file(WRITE "${OUTPUT}" "#include <string_view>

namespace kcloud::config {
std::string_view ${FUNCTION}() {
  return R\"embedded(${text})embedded\";
}
}  // namespace kcloud::config
")
