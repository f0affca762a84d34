# Compiler options every target of the project shares. Line tables are enough for profiles and back-traces.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
add_library(kcloud_options INTERFACE)
add_library(kcloud::options ALIAS kcloud_options)
target_include_directories(kcloud_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(kcloud_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wimplicit-fallthrough -Wno-missing-field-initializers -fno-omit-frame-pointer)
# Macros of fmt, hiredis and re2, the same everywhere: the precompiled headers are.
target_compile_definitions(kcloud_options INTERFACE
  $<TARGET_PROPERTY:fmt::fmt,INTERFACE_COMPILE_DEFINITIONS> _FILE_OFFSET_BITS=64)
target_compile_options(kcloud_options INTERFACE -pthread)
# GCC 12 warns wrongly of libstdc++'s own strings (bugs 105329, 105651) once it is precompiled.
target_compile_options(kcloud_options INTERFACE -Wno-array-bounds -Wno-restrict -Wno-stringop-overread -Wno-stringop-overflow)
if(KCLOUD_WERROR)
  target_compile_options(kcloud_options INTERFACE -Werror)
endif()
if(KCLOUD_SANITIZE)
  target_compile_options(kcloud_options INTERFACE -fsanitize=${KCLOUD_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(kcloud_options INTERFACE -fsanitize=${KCLOUD_SANITIZE})
  target_compile_definitions(kcloud_options INTERFACE KCLOUD_SANITIZED=1)
  if(KCLOUD_SANITIZE MATCHES thread)
    # Asio's fences stand beside locks that the sanitizer understands.
    target_compile_options(kcloud_options INTERFACE -Wno-tsan)
  endif()
endif()

find_program(KCLOUD_CCACHE ccache)
if(KCLOUD_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${KCLOUD_CCACHE})
endif()

# What nearly every file includes, compiled once for all libraries.
add_library(kcloud_headers OBJECT ${PROJECT_SOURCE_DIR}/cmake/headers.cpp)
target_link_libraries(kcloud_headers PRIVATE kcloud::options)
target_precompile_headers(kcloud_headers PRIVATE <fmt/format.h> <algorithm> <array> <atomic> <charconv> <chrono>
  <condition_variable> <functional> <map> <memory> <mutex> <optional> <set> <span> <stdexcept> <stop_token> <string>
  <string_view> <thread> <utility> <vector>)

# One aliased static library a folder: kcloud_library(core SOURCES … PUBLIC … PRIVATE …)
function(kcloud_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(kcloud_${name} STATIC ${ARG_SOURCES})
  add_library(kcloud::${name} ALIAS kcloud_${name})
  target_link_libraries(kcloud_${name} PUBLIC ${ARG_PUBLIC} PRIVATE kcloud::options ${ARG_PRIVATE})
  target_precompile_headers(kcloud_${name} REUSE_FROM kcloud_headers)
  target_include_directories(kcloud_${name} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()
