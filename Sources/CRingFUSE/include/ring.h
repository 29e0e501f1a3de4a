#ifndef CRINGFUSE_RING_H
#define CRINGFUSE_RING_H

#endif
