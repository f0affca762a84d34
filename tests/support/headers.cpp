// The precompiled headers of the tests: see ../CMakeLists.txt.
