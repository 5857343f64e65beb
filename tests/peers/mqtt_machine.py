"""A machine that tells over MQTT, on paho-mqtt: python mqtt_machine.py PORT

It connects to the broker on that port of 127.0.0.1 (again and again, if need be) and publishes every 50 ms:
  plant/pump-1/state   one JSON object: speed 1480.0, twenty 2020, seq and complement (65535 - seq, changed together: a torn reading shows),
                       set and stubborn (what the commands below came to), mode "RUN", running true, nothing null, ts in milliseconds
  plant/pump-1/speed   1480.0 as a bare number
  plant/pump-1/mode    RUN as a bare text
Commands, a bare number or {"value": N}; every one that arrives is counted:
  plant/pump-1/set           changes set
  plant/pump-1/stubborn/set  changes nothing: stubborn stays 7

Orders come as JSON lines on stdin and are each answered by one line on stdout:
  {"ask": "writes"}      {"writes": [[name, value], ...]} of every command that arrived
  {"ask": "payloads"}    {"payloads": [text, ...]} the same as they came
  {"silent": true}       publish nothing of its own any more, or again
  {"publish": {"topic": T, "payload": TEXT or "payload_hex": HEX, "qos": 1, "retain": true, "count": 3}}   and wait until the broker has it;
                         with "count", {n} in the text is 0, 1, 2, ...
"""

import json
import sys
import threading
import time

import paho.mqtt.client as mqtt

ROOT = "plant/pump-1"
WRITES = []
PAYLOADS = []
HELD = {"set": 0.0, "stubborn": 7}
SILENT = threading.Event()


def connected(client, _userdata, _flags, _code):
    client.subscribe([(f"{ROOT}/set", 1), (f"{ROOT}/stubborn/set", 1)])


def commanded(_client, _userdata, message):
    name = "stubborn" if message.topic.endswith("stubborn/set") else "set"
    PAYLOADS.append(message.payload.decode())
    value = json.loads(message.payload)
    value = value["value"] if isinstance(value, dict) else value
    WRITES.append([name, float(value)])
    if name == "set":
        HELD["set"] = value


def tell(client):
    sequence = 0
    while True:
        time.sleep(0.05)
        if SILENT.is_set() or not client.is_connected():
            continue
        sequence = (sequence + 1) % 65536
        state = {
            "speed": 1480.0,
            "twenty": 2020,
            "seq": sequence,
            "complement": 65535 - sequence,
            "mode": "RUN",
            "running": True,
            "nothing": None,
            "ts": int(time.time() * 1000),
            **HELD,
        }
        client.publish(f"{ROOT}/state", json.dumps(state), qos=0)
        client.publish(f"{ROOT}/speed", "1480.0", qos=0)
        client.publish(f"{ROOT}/mode", "RUN", qos=0)


def publish(client, order):
    for number in range(order.get("count", 1)):
        if "payload_hex" in order:
            payload = bytes.fromhex(order["payload_hex"])
        else:
            payload = order["payload"].replace("{n}", str(number))
        sent = client.publish(order["topic"], payload, qos=order.get("qos", 0), retain=order.get("retain", False))
        sent.wait_for_publish(5)


def main(port):
    client = mqtt.Client(client_id="pump-1", clean_session=True)
    client.on_connect = connected
    client.on_message = commanded
    client.reconnect_delay_set(min_delay=1, max_delay=1)
    client.connect("127.0.0.1", port, keepalive=60)
    client.loop_start()
    threading.Thread(target=tell, args=(client,), daemon=True).start()
    for line in sys.stdin:
        order = json.loads(line)
        if "silent" in order:
            SILENT.set() if order["silent"] else SILENT.clear()
        if "publish" in order:
            publish(client, order["publish"])
        print(json.dumps({"writes": WRITES, "payloads": PAYLOADS}), flush=True)


main(int(sys.argv[1]))
