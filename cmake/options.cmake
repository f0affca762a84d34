# Compiler options every target of the project shares. Line tables are enough for profiles and back-traces.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
add_library(kcloud_options INTERFACE)
add_library(kcloud::options ALIAS kcloud_options)
target_include_directories(kcloud_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(kcloud_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wimplicit-fallthrough -Wno-missing-field-initializers -fno-omit-frame-pointer)
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

# One aliased static library a folder: kcloud_library(core SOURCES … PUBLIC … PRIVATE …)
function(kcloud_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(kcloud_${name} STATIC ${ARG_SOURCES})
  add_library(kcloud::${name} ALIAS kcloud_${name})
  target_link_libraries(kcloud_${name} PUBLIC ${ARG_PUBLIC} PRIVATE kcloud::options ${ARG_PRIVATE})
  target_include_directories(kcloud_${name} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()
