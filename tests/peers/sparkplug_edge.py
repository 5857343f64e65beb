"""A Sparkplug B edge node, its payloads made and read by pysparkplug, carried by paho-mqtt: python sparkplug_edge.py PORT

It connects to the broker on that port of 127.0.0.1, publishes its births, and from then on NDATA and DDATA every 50 ms, by alias and without types.
Node plant/gw-1, own metric Uptime (UInt64) 5. Device pump:
  Speed (Double) 1480.0, Twenty (Int32) 2020, Seq and Complement (Int32; 65535 - Seq, changed together: a torn reading shows)
  Set (Double) what was written, Stubborn (Int32) takes a write and stays 7
  Torque (Int32) -12, Cold (Int16) -300, Frost (Int8) -5, Mode (String) RUN, Running (Boolean) true, Table (Bytes)
NCMD Node Control/Rebirth makes it publish its births again; DCMDs for Set and Stubborn are counted.

Orders come as JSON lines on stdin and are each answered by one line on stdout, always
{"writes": [[name, value], ...], "rebirths": how often it was asked for them, "bdseq": number of the session}:
  {"silent": true}          send no data any more, or again
  {"born": true}            begin a new session with other aliases: what a restarted node does
  {"die": true}             NDEATH of this session, and silence
  {"late_death": 0}         NDEATH of the session of that number
  {"device_dies": true}     DDEATH of pump, and silence; {"device_born": true} its DBIRTH
  {"skip": 1}               leave a sequence number out
  {"deaf": true}            take no notice of requests for births
  {"tell": {"name": "Torque", "value": 5, "historical": true, "null": true, "ago_s": 3600}}   one metric by itself
  {"publish": {"topic": T, "payload_hex": HEX, "count": 1}}   any bytes
"""

import json
import sys
import threading
import time

import paho.mqtt.client as mqtt
from pysparkplug import DBirth, DCmd, DData, DDeath, DataType, Metric, NBirth, NCmd, NData, NDeath

GROUP, NODE, DEVICE = "plant", "gw-1", "pump"
REBIRTH = "Node Control/Rebirth"


def now():
    return int(time.time() * 1000)


def topic(kind):
    return f"spBv1.0/{GROUP}/{kind}/{NODE}" + (f"/{DEVICE}" if kind.startswith("D") else "")


class Edge:
    def __init__(self, port):
        self.lock = threading.RLock()
        self.seq = 0
        self.bdseq = 0
        self.first_alias = 10
        self.silent = False
        self.deaf = False
        self.rebirths = 0
        self.writes = []
        self.values = {
            "Speed": (DataType.DOUBLE, 1480.0),
            "Twenty": (DataType.INT32, 2020),
            "Seq": (DataType.INT32, 0),
            "Complement": (DataType.INT32, 65535),
            "Set": (DataType.DOUBLE, 0.0),
            "Stubborn": (DataType.INT32, 7),
            "Torque": (DataType.INT32, -12),
            "Cold": (DataType.INT16, -300),
            "Frost": (DataType.INT8, -5),
            "Mode": (DataType.STRING, "RUN"),
            "Running": (DataType.BOOLEAN, True),
            "Table": (DataType.BYTES, b"\x01\x02"),
        }
        self.born = threading.Event()
        self.client = mqtt.Client(client_id="gw-1", clean_session=True)
        self.client.on_connect = self.connected
        self.client.on_message = self.commanded
        self.client.reconnect_delay_set(min_delay=1, max_delay=1)
        self.client.will_set(topic("NDEATH"), self.death(0), qos=1)
        self.client.connect("127.0.0.1", port, keepalive=60)
        self.client.loop_start()
        threading.Thread(target=self.tell, daemon=True).start()

    def connected(self, client, _userdata, _flags, _code):
        client.subscribe([(topic("NCMD"), 1), (topic("DCMD"), 1)])
        self.births()
        self.born.set()

    def next_seq(self):
        seq, self.seq = self.seq, (self.seq + 1) % 256
        return seq

    def send(self, kind, payload, types=False):
        self.client.publish(topic(kind), payload.encode(include_dtypes=types), qos=0)

    def bdseq_metric(self, number):
        return Metric(timestamp=now(), name="bdSeq", datatype=DataType.INT64, value=number)

    def death(self, number):
        return NDeath(timestamp=now(), bd_seq_metric=self.bdseq_metric(number)).encode()

    def births(self):
        with self.lock:
            self.seq = 0
            own = (
                self.bdseq_metric(self.bdseq),
                Metric(timestamp=now(), name=REBIRTH, datatype=DataType.BOOLEAN, value=False),
                Metric(timestamp=now(), name="Uptime", datatype=DataType.UINT64, value=5, alias=1),
            )
            self.send("NBIRTH", NBirth(timestamp=now(), seq=self.next_seq(), metrics=own))
            self.device_birth()

    def device_birth(self):
        metrics = tuple(self.metric(name, named=True) for name in self.values)
        self.send("DBIRTH", DBirth(timestamp=now(), seq=self.next_seq(), metrics=metrics))

    def metric(self, name, named=False, **more):
        datatype, value = self.values[name]
        alias = self.first_alias + list(self.values).index(name)
        more = {"timestamp": now(), "value": value, **more}
        return Metric(name=name if named else None, datatype=datatype, alias=alias, **more)

    def data(self, *metrics):
        self.send("DDATA", DData(timestamp=now(), seq=self.next_seq(), metrics=metrics))

    def tell(self):
        sequence = 0
        while True:
            time.sleep(0.05)
            with self.lock:
                if self.silent or not self.client.is_connected():
                    continue
                sequence = (sequence + 1) % 65536
                self.values["Seq"] = (DataType.INT32, sequence)
                self.values["Complement"] = (DataType.INT32, 65535 - sequence)
                self.data(*(self.metric(name) for name in self.values))
                uptime = Metric(timestamp=now(), name=None, datatype=DataType.UINT64, value=5, alias=1)
                self.send("NDATA", NData(timestamp=now(), seq=self.next_seq(), metrics=(uptime,)))

    def commanded(self, _client, _userdata, message):
        if message.topic == topic("NCMD"):
            if any(metric.name == REBIRTH and metric.value for metric in NCmd.decode(message.payload).metrics):
                self.rebirths += 1
                if not self.deaf:
                    self.births()
            return
        with self.lock:
            for metric in DCmd.decode(message.payload).metrics:
                assert metric.datatype == self.values[metric.name][0], metric
                self.writes.append([metric.name, float(metric.value)])
                if metric.name != "Stubborn":
                    self.values[metric.name] = (metric.datatype, metric.value)

    def order(self, order):
        with self.lock:
            if "silent" in order:
                self.silent = order["silent"]
            if "deaf" in order:
                self.deaf = order["deaf"]
            if "born" in order:
                self.bdseq += 1
                self.first_alias += 100
                self.silent = False
                self.births()
            if "die" in order:
                self.silent = True
                self.client.publish(topic("NDEATH"), self.death(self.bdseq), qos=1)
            if "late_death" in order:
                self.client.publish(topic("NDEATH"), self.death(order["late_death"]), qos=1)
            if "device_dies" in order:
                self.silent = True
                self.send("DDEATH", DDeath(timestamp=now(), seq=self.next_seq()))
            if "device_born" in order:
                self.silent = False
                self.device_birth()
            if "skip" in order:
                for _ in range(order["skip"]):
                    self.next_seq()
            if "tell" in order:
                what = order["tell"]
                more = {"timestamp": now() - 1000 * what.get("ago_s", 0), "is_historical": what.get("historical", False)}
                if "value" in what:
                    more["value"] = what["value"]
                if what.get("null"):
                    more.update(value=None, is_null=True)
                self.data(self.metric(what["name"], **more))
        if "publish" in order:
            what = order["publish"]
            for _ in range(what.get("count", 1)):
                self.client.publish(what["topic"], bytes.fromhex(what["payload_hex"]), qos=0).wait_for_publish(5)

    def all_has_arrived(self):
        """The broker acknowledges this after everything that it was told before. Without one there is nothing to wait for."""
        if self.client.is_connected():
            try:
                self.client.publish("edge/said", qos=1).wait_for_publish(2)
            except (RuntimeError, ValueError):
                pass


def main(port):
    edge = Edge(port)
    edge.born.wait(10)
    for line in sys.stdin:
        edge.order(json.loads(line))
        edge.all_has_arrived()
        print(json.dumps({"writes": edge.writes, "rebirths": edge.rebirths, "bdseq": edge.bdseq}), flush=True)


main(int(sys.argv[1]))
