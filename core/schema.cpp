#include "core/decode.h"
