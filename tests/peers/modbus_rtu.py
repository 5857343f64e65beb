"""Units on a serial line, on pymodbus: python modbus_rtu.py PORT [serial TTY]

With a port alone it speaks RTU over TCP there. With a serial line it speaks on that, at 19200 8N1 (a pty has no parity), and PORT is only
opened to show that it is up. Units 1 and 2 serve the registers of modbus_points.py, which also says what orders are taken. Unit 3 is not there,
as on a real bus: nothing answers. A late answer holds up the whole line, and what was asked meanwhile is answered after it.
"""

import asyncio
import sys
import time

from modbus_points import registers, take_orders, unit
from pymodbus.exceptions import NoSuchIdException
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import SimDevice


async def hold_up(seconds):
    time.sleep(seconds)


async def nobody(*_request):
    raise NoSuchIdException("unit 3 is not there")


def devices():
    present = [SimDevice(id=number, simdata=registers(), action=unit(hold_up)) for number in (1, 2)]
    return [*present, SimDevice(id=3, simdata=registers(), action=nobody)]


async def main(port, tty):
    orders = asyncio.create_task(take_orders())
    if tty is None:
        server = ModbusTcpServer(devices(), framer=FramerType.RTU, address=("127.0.0.1", port), ignore_missing_devices=True)
        await server.serve_forever()
    else:
        server = ModbusSerialServer(devices(), port=tty, baudrate=19200, parity="N", stopbits=1, ignore_missing_devices=True, reconnect_delay=0.2)
        await server.serve_forever(background=True)
        await (await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)).serve_forever()
    orders.cancel()


asyncio.run(main(int(sys.argv[1]), sys.argv[3] if len(sys.argv) > 3 else None))
