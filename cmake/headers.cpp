// The precompiled headers of the libraries: see options.cmake.
