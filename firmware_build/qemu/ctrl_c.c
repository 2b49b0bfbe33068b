// Ctrl-C for MicroPython's qemu port: the VM looks at the UART now and then, as an
// interrupt would on a board. What comes meanwhile and is no Ctrl-C waits in a ring.

#include <stdint.h>

#include "py/runtime.h"
#include "shared/runtime/interrupt_char.h"

#define RING_SIZE (1024)
#define EVERY (64) // jumps of the VM between two looks: a look costs QEMU an exit

int __real_uart_rx_chr(void);
int __real_uart_rx_any(void);

static uint8_t ring[RING_SIZE];
static size_t ring_put, ring_get;
static unsigned int calls;

int __wrap_uart_rx_any(void) {
    return ring_put != ring_get || __real_uart_rx_any();
}

int __wrap_uart_rx_chr(void) {
    if (ring_put == ring_get) {
        return __real_uart_rx_chr();
    }
    return ring[ring_get++ % RING_SIZE];
}

void ctrl_c_poll(void) {
    if (++calls % EVERY != 0) {
        return;
    }
    while (ring_put - ring_get < RING_SIZE && __real_uart_rx_any()) {
        int c = __real_uart_rx_chr();
        if (c == mp_interrupt_char) {
            mp_sched_keyboard_interrupt();
        } else {
            ring[ring_put++ % RING_SIZE] = (uint8_t)c;
        }
    }
}
