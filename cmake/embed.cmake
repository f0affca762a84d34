# cmake -DINPUT=… -DOUTPUT=… -DFUNCTION=… [-DNAMESPACE=config] -P embed.cmake: a text file as a
# function that returns it.
if(NOT NAMESPACE)
  set(NAMESPACE config)
endif()
file(READ "${INPUT}" text)
file(WRITE "${OUTPUT}" "#include <string_view>

namespace kcloud::${NAMESPACE} {
std::string_view ${FUNCTION}() {
  return R\"embedded(${text})embedded\";
}
}  // namespace kcloud::${NAMESPACE}
")
