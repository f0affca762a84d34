#include "core/collector.h"
