"""A controller in the manner of a Logix, on cpppo's server: python ethernet_ip_logix.py PORT

It takes several services in one packet and requests that are to be sent on to any slot. Unlike a real one it refuses the whole frame for a
tag that it does not know, and ends the session with that.

  Speed REAL 1480.0, Twenty INT 2020, Wrong DINT 5
  Seq, Complement UINT: a number and 65535 minus it; the number goes on as soon as one of them is read a second time
  Status DINT, with bits 1, 3 and 31 set; Mode SSTRING "RUN"; Running BOOL true
  Temps REAL[4] = 20.5, 21.5, 22.5, 23.5; Pump.Flow LREAL 31.25
  Line_00 .. Line_29 DINT = 100 .. 129
  Setpoint REAL, Count INT: written, and every write is counted
  Stubborn REAL: acknowledges a write and goes on reading 7

Orders come as JSON lines on stdin and are each answered by one line on stdout:
  {"ask": "writes"}    {"writes": [[tag, value], ...], "requests": frames that came so far}
It ends when stdin closes.
"""

import json
import os
import sys
import threading

from cpppo.server.enip import device, logix
from cpppo.server.enip.main import main

VALUES = {
    "Speed": ("REAL", [1480.0]),
    "Twenty": ("INT", [2020]),
    "Wrong": ("DINT", [5]),
    "Seq": ("UINT", [0]),
    "Complement": ("UINT", [65535]),
    "Status": ("DINT", [0b1010 - 2**31]),
    "Mode": ("SSTRING", ["RUN"]),
    "Running": ("BOOL", [True]),
    "Temps": ("REAL", [20.5, 21.5, 22.5, 23.5]),
    "Pump.Flow": ("LREAL", [31.25]),
    "Setpoint": ("REAL", [0.0]),
    "Count": ("INT", [0]),
    "Stubborn": ("REAL", [7.0]),
}
VALUES.update({f"Line_{number:02}": ("DINT", [100 + number]) for number in range(30)})

LOCK = threading.Lock()
WRITES = []
SEQUENCE = 0
SERVED = set()
REQUESTS = 0


class Machine(device.Attribute):
    """What the server asks for a tag's value, and tells of a write."""

    def __init__(self, name, **settings):
        _kind, values = VALUES[name]
        super().__init__(name, **{**settings, "default": values[0] if len(values) == 1 else list(values)})

    def __getitem__(self, key):
        global SEQUENCE
        if self.name not in ("Seq", "Complement"):
            return super().__getitem__(key)
        with LOCK:
            if self.name in SERVED or not SERVED:
                SERVED.clear()
                SEQUENCE = (SEQUENCE + 1) % 65536
            SERVED.add(self.name)
            value = SEQUENCE if self.name == "Seq" else 65535 - SEQUENCE
        return [value] if self._validate_key(key) is slice else value

    def __setitem__(self, key, value):
        written = list(value) if isinstance(key, slice) else [value]
        with LOCK:
            WRITES.append([self.name, written[0]])
        if self.name != "Stubborn":
            super().__setitem__(key, iter(written) if isinstance(key, slice) else value)


def counted(addr, data, **settings):
    global REQUESTS
    if data:
        with LOCK:
            REQUESTS += 1
    return logix.process(addr, data, **settings)


def take_orders():
    while sys.stdin.readline():
        with LOCK:
            answer = json.dumps({"writes": WRITES, "requests": REQUESTS})
        print(answer, flush=True)
    # The one who gave the orders is gone, and the server would serve on.
    os._exit(0)


threading.Thread(target=take_orders, daemon=True).start()
tags = [f"{name}={kind}[{len(values)}]" if len(values) > 1 else f"{name}={kind}" for name, (kind, values) in VALUES.items()]
sys.exit(main(["--no-config", "--no-udp", "-a", f"127.0.0.1:{sys.argv[1]}", *tags], attribute_class=Machine, enip_process=counted))
