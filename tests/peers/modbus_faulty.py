"""A Modbus TCP device with faults on demand, on pymodbus' simulator classes: python modbus_faulty.py PORT

Unit 1 serves the registers of modbus_points.py, which also says what orders it takes.
Unit 2 never answers. Unit 3 is answered by the gateway: exception 11.
Unit 4 has four tables of its own: coils and discrete inputs 0..15, of which every third is set; holding 0..3 = 100..103; input 0..3 = 200..203.
"""

import asyncio
import sys

from modbus_points import registers, take_orders, unit
from pymodbus.constants import ExcCodes
from pymodbus.server import StartAsyncTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


async def unit_2(*_request):
    await asyncio.sleep(3600)


async def unit_3(*_request):
    return ExcCodes.GATEWAY_NO_RESPONSE


def devices():
    every_third = [place % 3 == 0 for place in range(16)]
    tables = (
        [SimData(0, values=list(every_third), datatype=DataType.BITS)],
        [SimData(0, values=list(every_third), datatype=DataType.BITS)],
        [SimData(0, values=list(range(100, 104)), datatype=DataType.REGISTERS)],
        [SimData(0, values=list(range(200, 204)), datatype=DataType.REGISTERS)],
    )
    silent = [SimData(0, values=[0] * 10, datatype=DataType.REGISTERS)]
    return [
        SimDevice(id=1, simdata=registers(), action=unit(asyncio.sleep)),
        SimDevice(id=2, simdata=silent, action=unit_2),
        SimDevice(id=3, simdata=silent, action=unit_3),
        SimDevice(id=4, simdata=tables),
    ]


async def main(port):
    orders = asyncio.create_task(take_orders())
    await StartAsyncTcpServer(devices(), address=("127.0.0.1", port))
    orders.cancel()


asyncio.run(main(int(sys.argv[1])))
