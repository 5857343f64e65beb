"""A controller in the manner of a Micro800, strict about what such a one does not know: python ethernet_ip_micro800.py PORT [logix]

One tag a request, asked directly. It refuses several services in one packet and everything that is to be sent on to a slot (CIP status
0x08), frames of a session that it has not opened (encapsulation status 0x64), and values of another type than the tag's (0xFF/0x2107).
With `logix` behind the port it takes packets and sends on to slot 0, and says of each tag in a packet by itself what is wrong with it.

  Speed REAL 1480.0, Twenty INT 2020, Wrong DINT 5
  Seq, Complement UINT: a number and 65535 minus it; on one connection the number goes on as soon as one of them is read a second time
  Status DINT, with bits 1, 3 and 31 set; Mode STRING "RUN"; Running BOOL true; Text_0 .. Text_9 STRING of 80 letters
  Temps REAL[4] = 20.5, 21.5, 22.5, 23.5; Recipe[2] with members Step INT = 10, 11; Pump.Flow LREAL 31.25
  Line_00 .. Line_29 DINT = 100 .. 129
  Setpoint REAL, Count INT: written, and every write is counted
  Stubborn REAL: acknowledges a write and goes on reading 7

Orders come as JSON lines on stdin and are each answered by one line on stdout:
  {"ask": "writes"}    {"writes": [[tag, value], ...], "requests": messages that came so far}
It ends when stdin closes.
"""

import asyncio
import json
import struct
import sys

REGISTER, UNREGISTER, SEND_RR_DATA = 0x65, 0x66, 0x6F
READ_TAG, WRITE_TAG, SEVERAL, SEND_ON = 0x4C, 0x4D, 0x0A, 0x52
MESSAGE_ROUTER, CONNECTIONS = bytes([0x20, 0x02, 0x24, 0x01]), bytes([0x20, 0x06, 0x24, 0x01])
SLOT_0 = bytes([1, 0, 1, 0])
GOOD, IN_PARTS, NOTHING_THERE = (0x00, None), (0x1E, None), (0x01, 0x0312)
NO_SUCH_TAG, NOT_KNOWN, TOO_SHORT, NO_ROOM = (0x05, 0x0000), (0x08, None), (0x13, None), (0x11, None)
PAST_THE_END, OTHER_TYPE = (0xFF, 0x2105), (0xFF, 0x2107)

# By the names of the types: their codes and how struct spells them.
TYPES = {"BOOL": (0xC1, "?"), "INT": (0xC3, "h"), "DINT": (0xC4, "i"), "UINT": (0xC7, "H"), "REAL": (0xCA, "f"), "LREAL": (0xCB, "d"), "STRING": (0xDA, None)}


class Tag:
    def __init__(self, kind, *values):
        self.kind, self.values = kind, list(values)

    def code(self):
        return TYPES[self.kind][0]

    def bytes_of(self, index):
        value = self.values[index]
        if self.kind == "STRING":
            return bytes([len(value)]) + value.encode()
        return struct.pack("<" + TYPES[self.kind][1], value)


class Machine:
    def __init__(self, is_logix):
        self.is_logix, self.writes, self.requests, self.sequence = is_logix, [], 0, 0
        self.tags = {
            "speed": Tag("REAL", 1480.0),
            "twenty": Tag("INT", 2020),
            "wrong": Tag("DINT", 5),
            "status": Tag("DINT", 0b1010 - 2**31),
            "mode": Tag("STRING", "RUN"),
            "running": Tag("BOOL", True),
            "temps": Tag("REAL", 20.5, 21.5, 22.5, 23.5),
            "recipe[0].step": Tag("INT", 10),
            "recipe[1].step": Tag("INT", 11),
            "pump.flow": Tag("LREAL", 31.25),
            "setpoint": Tag("REAL", 0.0),
            "count": Tag("INT", 0),
            "stubborn": Tag("REAL", 7.0),
        }
        self.tags.update({f"text_{number}": Tag("STRING", str(number) * 80) for number in range(10)})
        self.tags.update({f"line_{number:02}": Tag("DINT", 100 + number) for number in range(30)})

    def find(self, name, served):
        """The tag and the place in it, or the status that says why not."""
        if name in ("seq", "complement"):
            if name in served or not served:
                served.clear()
                self.sequence = (self.sequence + 1) % 65536
            served.add(name)
            return Tag("UINT", self.sequence if name == "seq" else 65535 - self.sequence), 0
        if name in self.tags:
            return self.tags[name], 0
        base, _, index = name.removesuffix("]").rpartition("[")
        if base not in self.tags or not index.isdigit():
            return NO_SUCH_TAG
        return (self.tags[base], int(index)) if int(index) < len(self.tags[base].values) else PAST_THE_END

    def read(self, name, data, served):
        if len(data) != 2:
            return TOO_SHORT, b""
        found = self.find(name, served)
        if not isinstance(found[0], Tag):
            return found, b""
        tag, index = found
        if struct.unpack("<H", data)[0] != 1:
            return PAST_THE_END, b""
        return GOOD, struct.pack("<H", tag.code()) + tag.bytes_of(index)

    def write(self, name, data, served):
        if len(data) < 4:
            return TOO_SHORT, b""
        found = self.find(name, served)
        if not isinstance(found[0], Tag):
            return found, b""
        tag, index = found
        code, count = struct.unpack("<HH", data[:4])
        if code != tag.code() or tag.kind == "STRING":
            return OTHER_TYPE, b""
        spelt = "<" + TYPES[tag.kind][1]
        if count != 1 or len(data) != 4 + struct.calcsize(spelt):
            return TOO_SHORT, b""
        (value,) = struct.unpack(spelt, data[4:])
        self.writes.append([name, value])
        if name != "stubborn":
            tag.values[index] = value
        return GOOD, b""

    def answer(self, message, served):
        """The reply to one CIP message."""
        service, words = message[0], message[1]
        path, data = message[2 : 2 + 2 * words], message[2 + 2 * words :]
        name = tag_name(path)
        if self.is_logix and service == SEND_ON and path == CONNECTIONS:
            length = struct.unpack("<H", data[2:4])[0]
            if data[4 + length + length % 2 :] == SLOT_0:
                return self.answer(data[4 : 4 + length], served)
            status, value = NOTHING_THERE, b""
        elif self.is_logix and service == SEVERAL and path == MESSAGE_ROUTER:
            status, value = self.several(data, served)
        elif service not in (READ_TAG, WRITE_TAG):
            status, value = NOT_KNOWN, b""
        elif name is None:
            status, value = NO_SUCH_TAG, b""
        else:
            status, value = (self.read if service == READ_TAG else self.write)(name, data, served)
        return reply(service, status) + value

    def several(self, data, served):
        """The answers of a packet, each with its own status."""
        count = struct.unpack("<H", data[:2])[0]
        starts = [*struct.unpack(f"<{count}H", data[2 : 2 + 2 * count]), len(data)]
        offsets, answers = [], b""
        for start, end in zip(starts, starts[1:]):
            offsets.append(2 + 2 * count + len(answers))
            answer = self.answer(data[start:end], served)
            # 504 bytes are all that an answer may have.
            answers += answer if offsets[-1] + len(answer) < 500 else reply(data[start], NO_ROOM)
        is_good = all(answers[offset - 2 - 2 * count + 2] == 0 for offset in offsets)
        return GOOD if is_good else IN_PARTS, struct.pack(f"<{count + 1}H", count, *offsets) + answers


def reply(service, status):
    """What stands before an answer's value."""
    general, further = status
    more = b"" if further is None else struct.pack("<H", further)
    return bytes([service | 0x80, 0, general, len(more) // 2]) + more


def tag_name(path):
    """The tag in a path of names and indices, in small letters; None if there is anything else in it."""
    name, at = "", 0
    while at < len(path):
        kind = path[at]
        if kind == 0x91:
            length = path[at + 1]
            part = path[at + 2 : at + 2 + length].decode("ascii", "replace")
            name += ("." if name else "") + part
            at += 2 + length + length % 2
        elif kind == 0x28:
            name += f"[{path[at + 1]}]"
            at += 2
        elif kind == 0x29:
            name += f"[{struct.unpack('<H', path[at + 2 : at + 4])[0]}]"
            at += 4
        else:
            return None
    return name.lower() or None


def message_in(body):
    """The unconnected message that a SendRRData carries."""
    (items,) = struct.unpack("<H", body[6:8])
    at = 8
    for _ in range(items):
        kind, length = struct.unpack("<HH", body[at : at + 4])
        if kind == 0xB2:
            return body[at + 4 : at + 4 + length]
        at += 4 + length
    return None


async def serve(machine, reader, writer):
    served, session = set(), 0
    try:
        while True:
            header = await reader.readexactly(24)
            command, length, asked_in, _status = struct.unpack("<HHII", header[:12])
            body = await reader.readexactly(length)
            status, body_of_reply = 0, b""
            if command == REGISTER:
                session, body_of_reply = id(writer) & 0xFFFFFFFF, body
            elif command == UNREGISTER:
                return
            elif command != SEND_RR_DATA:
                status = 0x01
            elif asked_in != session or session == 0:
                status = 0x64
            elif (message := message_in(body)) is None:
                status = 0x03
            else:
                machine.requests += 1
                answer = machine.answer(message, served)
                body_of_reply = body[:6] + struct.pack("<HHHHH", 2, 0, 0, 0xB2, len(answer)) + answer
            writer.write(struct.pack("<HHII", command, len(body_of_reply), session, status) + header[12:20] + bytes(4) + body_of_reply)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, struct.error, IndexError):
        pass
    finally:
        writer.close()


async def take_orders(machine):
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps({"writes": machine.writes, "requests": machine.requests}), flush=True)


async def main(port, *style):
    machine = Machine(style == ("logix",))
    server = await asyncio.start_server(lambda reader, writer: serve(machine, reader, writer), "127.0.0.1", port)
    async with server:
        # The one who gave the orders is gone when this returns.
        await take_orders(machine)


asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
