#include "core/event_id.h"
