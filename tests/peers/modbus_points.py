"""What the Modbus peers have in common: one map of registers with faults on demand, and orders taken on stdin.

Holding registers (also read as input registers), counted from 0:
  0..7    1480.0, 61.5, 2.1, 12.4 as FLOAT32
  10, 11  a number that grows with every read, and its complement: an answer that is torn or late shows
  20..29  2020..2029: an answer that belongs to another question shows
  30..35  plain setpoints; every write that arrives is counted
  40      acknowledges a write and goes on reading 7
  50      answers with exception 4 (device failure)
  60      takes a write at once but acknowledges it only when the client has long given up

Orders come as JSON lines on stdin and are each answered by one line on stdout:
  {"late_ms": 700, "times": 2}   the next two reads are answered 700 ms late
  {"ask": "writes"}              [[address, values], ...] of every write that arrived
"""

import asyncio
import json
import sys

from pymodbus.constants import ExcCodes
from pymodbus.simulator import DataType, SimData

WRITES = []
LATE = {"ms": 0, "times": 0}
SEQUENCE = 0


def registers():
    return [
        SimData(0, values=[1480.0, 61.5, 2.1, 12.4], datatype=DataType.FLOAT32),
        SimData(10, values=[0, 65535], datatype=DataType.REGISTERS),
        SimData(20, values=list(range(2020, 2030)), datatype=DataType.REGISTERS),
        SimData(30, values=[0] * 6, datatype=DataType.REGISTERS),
        SimData(40, values=[7], datatype=DataType.REGISTERS),
        SimData(50, values=[0], datatype=DataType.REGISTERS),
        SimData(60, values=[0], datatype=DataType.REGISTERS),
    ]


def unit(wait):
    """A unit that serves the map. `wait(seconds)` is how it is late: alone on its connection, or holding up its whole bus."""

    async def action(function_code, start_address, address, count, registers, values):
        if values is not None:
            return await written(address, values, wait)
        if address <= 50 < address + count:
            return ExcCodes.DEVICE_FAILURE
        if address <= 10 < address + count:
            global SEQUENCE
            SEQUENCE = (SEQUENCE + 1) % 65536
            registers[10 - start_address] = SEQUENCE
            registers[11 - start_address] = 65535 - SEQUENCE
        if LATE["times"] > 0:
            LATE["times"] -= 1
            await wait(LATE["ms"] / 1000)
        return None

    return action


async def written(address, values, wait):
    WRITES.append([address, [int(value) for value in values]])
    if address == 40:
        values[:] = [7]
    if address == 60:
        await wait(3)
    return None


async def take_orders():
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        if "late_ms" in order:
            LATE.update(ms=order["late_ms"], times=order["times"])
        print(json.dumps({"writes": WRITES, "late": LATE}), flush=True)
    # The one who gave the orders is gone.
    sys.exit(0)
