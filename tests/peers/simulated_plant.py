"""A client of the simulated plant over the vendors' protocols, on python-snap7, paho and pymodbus.

    python simulated_plant.py MODBUS_PORT S7_PORT MQTT_PORT GATEWAY_PORT      (0 leaves one out)

Orders come as JSON lines on stdin, one answer line each on stdout; it ends when stdin closes.
    {"ask": "modbus", "start": 0, "count": 16}              {"registers": [..]}           input registers of unit 1
    {"ask": "gateway", "unit": 4, "start": 0, "count": 13}   {"registers": [..]}           holding registers, or {"refused": code}
    {"tell": "gateway", "unit": 4, "at": 100, "value": 8880} {"done": true}
    {"ask": "s7", "start": 0, "size": 42}                    {"bytes": "<hex>"}            of data block 1, or {"refused": text}
    {"ask": "s7_items"}                                      {"flow": .., "seconds": .., "speed_setpoint": ..}  in one request
    {"tell": "s7", "at": 34, "value": 888.0}                 {"done": true}, or {"refused": text}
    {"ask": "mqtt"}                                          the next telemetry object
    {"ask": "mqtt_status"}                                   {"status": "online"}
    {"tell": "mqtt", "name": "speed_setpoint", "value": 888} {"done": true}
"""

import json
import queue
import struct
import sys
from ctypes import POINTER, c_uint8, cast, create_string_buffer

import paho.mqtt.client as mqtt
from pymodbus.client import ModbusTcpClient
from snap7.client import Client
from snap7.type import Area, S7DataItem, WordLen

MODBUS, S7, MQTT, GATEWAY = (int(port) for port in sys.argv[1:5])


def modbus_client(port):
    client = ModbusTcpClient("127.0.0.1", port=port, timeout=3, retries=0)
    assert client.connect()
    return client


modbus = modbus_client(MODBUS) if MODBUS else None
gateway = modbus_client(GATEWAY) if GATEWAY else None
s7 = Client()
if S7:
    s7.connect("127.0.0.1", 0, 1, S7)

telemetry, status = queue.Queue(), queue.Queue()


def heard(client, data, message):
    if message.topic.endswith("/telemetry"):
        telemetry.put(json.loads(message.payload))
    else:
        status.put(message.payload.decode())


def connected(client, *_):
    client.subscribe([("plant/pump-3/telemetry", 1), ("plant/pump-3/status", 1)])


if MQTT:
    broker = mqtt.Client(client_id="a-peer")
    broker.on_message, broker.on_connect = heard, connected
    broker.connect("127.0.0.1", MQTT)
    broker.loop_start()


def item(at, length, kind):
    return dict(area=Area.DB, db_number=1, start=at, amount=1, word_len=kind, length=length)


def s7_items():
    wanted = {"flow": (0, 4, ">f", WordLen.Real), "seconds": (28, 4, ">I", WordLen.DWord), "valve_position": (24, 2, ">h", WordLen.Int),
              "speed_setpoint": (34, 4, ">f", WordLen.Real)}
    items = (S7DataItem * len(wanted))()
    buffers = []
    for place, (at, length, _, kind) in zip(items, wanted.values()):
        place.Area, place.WordLen, place.DBNumber, place.Start, place.Amount = Area.DB.value, kind.value, 1, at, 1
        buffers.append(create_string_buffer(length))
        place.pData = cast(buffers[-1], POINTER(c_uint8))
    result, read = s7.read_multi_vars(items)
    answers = {}
    for (name, (_, length, form, _)), place in zip(wanted.items(), read):
        assert place.Result == 0, (name, place.Result)
        answers[name] = struct.unpack(form, bytes(place.pData[:length]))[0]
    return answers


def words(answer):
    return {"refused": answer.exception_code} if answer.isError() else {"registers": answer.registers}


def obey(order):
    if order.get("ask") == "modbus":
        return words(modbus.read_input_registers(order["start"], count=order["count"], device_id=1))
    if order.get("ask") == "gateway":
        return words(gateway.read_holding_registers(order["start"], count=order["count"], device_id=order["unit"]))
    if order.get("tell") == "gateway":
        answer = gateway.write_register(order["at"], order["value"], device_id=order["unit"])
        return {"refused": answer.exception_code} if answer.isError() else {"done": True}
    if order.get("ask") == "s7":
        return {"bytes": bytes(s7.db_read(order.get("block", 1), order["start"], order["size"])).hex()}
    if order.get("ask") == "s7_items":
        return s7_items()
    if order.get("tell") == "s7":
        s7.db_write(1, order["at"], bytearray(struct.pack(">f", order["value"])))
        return {"done": True}
    if order.get("ask") == "mqtt":
        return telemetry.get(timeout=10)
    if order.get("ask") == "mqtt_status":
        return {"status": status.get(timeout=10)}
    if order.get("tell") == "mqtt":
        broker.publish("plant/pump-3/command/" + order["name"], str(order["value"]), qos=1)
        return {"done": True}
    return {"refused": "no such order"}


for line in sys.stdin:
    try:
        answer = obey(json.loads(line))
    except Exception as wrong:  # told to the test, which knows what it expects
        answer = {"refused": repr(wrong)}
    print(json.dumps(answer), flush=True)
