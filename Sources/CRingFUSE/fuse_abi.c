#include "fuse_abi.h"
