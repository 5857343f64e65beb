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

import paho.mqtt.client as mqtt
from pymodbus.client import ModbusTcpClient
from snap7.client import Client
from snap7.type import Area

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


def s7_items():
    wanted = {"flow": (0, ">f"), "valve_position": (24, ">h"), "seconds": (28, ">I"), "speed_setpoint": (34, ">f")}
    items = [{"area": Area.DB, "db_number": 1, "start": at, "size": struct.calcsize(form)} for at, form in wanted.values()]
    _, values = s7.read_multi_vars(items)
    return {name: struct.unpack(form, bytes(value))[0] for (name, (_, form)), value in zip(wanted.items(), values)}


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
