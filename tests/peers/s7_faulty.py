"""A Siemens controller with a few quirks, on python-snap7's server: python s7_faulty.py PORT

DB1 (64 bytes), the contract's points:
  DBD0, 4, 8, 12   1480.0, 61.5, 2.1, 12.4 as REAL
  DBW16, DBW18     a number that grows with every read, and 65535 minus it: an answer that is torn or late shows
  DBW20            2020
  DBD30            a setpoint, REAL
  DBW40            acknowledges a write and goes on reading 7
DB2 (256 bytes), a value of every type:
  DBX0.0..0.7      every third bit is set     DBB1   200 (BYTE), -56 (SINT)    DBB2  'R' (CHAR)
  DBW4, DBW6       50000 (WORD), -12345 (INT)
  DBD8, DBD12      4000000000 (DWORD), -2000000000 (DINT)
  DBL16, DBL24     2^53 (LWORD), -2^53 (LINT)
  DBD32, DBL36     3.25 (REAL), -1e100 (LREAL)
  DBB50            STRING[8] "RUN", with room for 8
  DBB62..          plain bytes, 0, for writes
DB3 (2000 bytes): each byte is its place, modulo 256.
M, I and Q (64 bytes each): byte n holds 100 + n, 50 + n and n.
Other blocks are not there.

Orders come as JSON lines on stdin and are each answered by one line on stdout:
  {"ask": "writes"}    [[name, value], ...] of every write that arrived; a write without a name of its own is called by its address
  {"ask": "reads"}     [items, ...] of every read that arrived: how many items each asked for
  {"ask": "partner"}   the place that the last partner wanted to connect to, in hexadecimal: kind, then rack and slot
  {"refuse": true}     from now on all reading and writing is refused, as by a controller that does not permit PUT/GET
"""

import json
import logging
import struct
import sys
import threading

import snap7.server
from snap7.server import Server
from snap7.type import SrvArea

AREAS = {0x81: "I", 0x82: "Q", 0x83: "M", 0x84: "DB"}
LOCK = threading.Lock()
WRITES, READS = [], []
PARTNER = {"tsap": ""}
REFUSES = {"now": False}
NOT_PERMITTED = 0x8104
BIT = 1


class Connection(snap7.server.ServerISOConnection):
    def _parse_cotp_cr(self, data):
        fine = super()._parse_cotp_cr(data)
        PARTNER["tsap"] = (self.called_tsap or b"").hex()
        return fine


class Controller(Server):
    sequence = 0

    def _handle_read_area(self, request, client_address):
        if REFUSES["now"]:
            return self._build_error_response(request, NOT_PERMITTED)
        with LOCK:
            READS.append(request["raw_parameters"][1])
        return super()._handle_read_area(request, client_address)

    def _read_from_memory_area(self, area, db_number, start, count):
        with LOCK:
            if int(area) == 0x84 and db_number == 1 and start < 20 and start + count > 16:
                self.sequence = (self.sequence + 1) % 65536
                block = self.memory_areas[(area, 1)]
                block[16:20] = struct.pack(">HH", self.sequence, 65535 - self.sequence)
            return super()._read_from_memory_area(area, db_number, start, count)

    def _handle_write_area(self, request, client_address):
        """The library's own writes the whole byte where one bit is meant."""
        if REFUSES["now"]:
            return self._build_error_response(request, NOT_PERMITTED)
        _, _, _, unit, _count, block, area, place = struct.unpack(">BBBBHHB3s", request["raw_parameters"][2:14])
        place = int.from_bytes(place, "big")
        data = bytes(request["data"]["data"])
        with LOCK:
            memory = next((m for (a, number), m in self.memory_areas.items() if int(a) == area and number == block), None)
            code = self._write(memory, area, block, unit, place, data)
        header = struct.pack(">BBHHHHBB", 0x32, 3, 0, request["sequence"], 2, 1, 0, 0)
        return header + bytes([5, 1, code])

    def _write(self, memory, area, block, unit, place, data):
        if memory is None:
            return 0x0A
        byte, bit = divmod(place, 8)
        if byte + len(data) > len(memory):
            return 0x05
        prefix = f"DB{block}.DB" if area == 0x84 else AREAS[area]
        if unit == BIT:
            WRITES.append([f"{prefix}{'X' if area == 0x84 else ''}{byte}.{bit}", data[0]])
            memory[byte] = memory[byte] | (1 << bit) if data[0] else memory[byte] & ~(1 << bit)
            return 0xFF
        name = f"{prefix}{ {1: 'B', 2: 'W', 4: 'D', 8: 'L'}[len(data)] }{byte}"
        known = {"DB1.DBD30": ("set", ">f"), "DB1.DBW40": ("stubborn", ">h")}
        if name in known:
            name, shape = known[name]
            WRITES.append([name, struct.unpack(shape, data)[0]])
        else:
            WRITES.append([name, int.from_bytes(data, "big")])
        if name != "stubborn":
            memory[byte : byte + len(data)] = data
        return 0xFF


def blocks():
    one = bytearray(64)
    struct.pack_into(">ffff", one, 0, 1480.0, 61.5, 2.1, 12.4)
    struct.pack_into(">HHH", one, 16, 0, 65535, 2020)
    struct.pack_into(">h", one, 40, 7)
    two = bytearray(256)
    two[0:3] = bytes([0b01001001, 200, ord("R")])
    struct.pack_into(">HhIi", two, 4, 50000, -12345, 4_000_000_000, -2_000_000_000)
    struct.pack_into(">Qqfd", two, 16, 2**53, -(2**53), 3.25, -1e100)
    two[50:60] = bytes([8, 3]) + b"RUN" + bytes(5)
    return {1: one, 2: two, 3: bytearray(place % 256 for place in range(2000))}


def answer(order):
    if "refuse" in order:
        REFUSES["now"] = order["refuse"]
    with LOCK:
        return {"writes": WRITES, "reads": READS, "partner": PARTNER["tsap"]}


def main(port):
    logging.disable(logging.CRITICAL)
    snap7.server.ServerISOConnection = Connection
    controller = Controller(log=False)
    for number, block in blocks().items():
        controller.register_area(SrvArea.DB, number, block)
    for area, first in ((SrvArea.MK, 100), (SrvArea.PE, 50), (SrvArea.PA, 0)):
        controller.register_area(area, 0, bytearray(first + place for place in range(64)))
    controller.start_to("127.0.0.1", port)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
    # The one who gave the orders is gone.
    sys.exit(0)


main(int(sys.argv[1]))
