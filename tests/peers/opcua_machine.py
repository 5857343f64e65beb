"""A machine behind an OPC UA server for contract tests: known values, statuses and times as ordered, and writes that are counted. 127.0.0.1 only.

python opcua_machine.py PORT [SETTINGS], which is JSON:
  {"namespaces_before": 3}                 so many other namespaces are registered before ours
  {"certificate": PATH, "key": PATH}       offers Basic256Sha256 and Aes256Sha256_RsaPss, sign and encrypt; makes the files if they are not there
  {"user": NAME, "password": PASSWORD}     lets only this user in

Serves opc.tcp://127.0.0.1:PORT/plc/. In the namespace urn:test:plc, each with its name as text identifier:
  Speed 1480.0, Temp 61.5                  Double
  Seq, Complement                          UInt16: a number that grows every 50 ms and 65535 minus it, of one source time
  Twenty                                   Int16: 2020
  Set, Set16, SetOn                        Double, Int16 and Boolean: take what is written
  Stubborn                                 Int32: acknowledges a write and goes back to 7
  Text "RUN", Empty (null), Profile (array of Double 1, 2, 3), Born (DateTime)
  Boolean, SByte, … Double                 each the number 1 in its own type
also Speed by number 1001, GUID 09087e75-8e5e-499b-954f-f2a9603db28a and bytes b"speed". Stubborn, Set, Set16 and SetOn are all that can be written.

Orders come as JSON lines on stdin and are each answered by one line on stdout:
  {"ask": "writes"}                                         {"writes": [[name, value], ...]} of every write that arrived
  {"status": {"node": "Temp", "code": "BadSensorFailure"}}  the value stays, with this status (a name or a number)
  {"source_time": {"node": "Temp", "time": "2026-01-01T00:00:00.25", "value": 62.0}}
"""

import asyncio
import json
import logging
import sys
from datetime import datetime, timezone
from pathlib import Path
from uuid import UUID

from asyncua import Server, ua
from asyncua.common.callback import CallbackType
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import User, UserRole
from cryptography.x509.oid import ExtendedKeyUsageOID

logging.disable(logging.CRITICAL)

URI = "urn:test:plc"
APPLICATION = "urn:test:machine"
WRITES = []
NAMED = {}
# A server that writes a bad status forgets the value.
HELD = {}


class OnlyOne:
    """Knows one user."""

    def __init__(self, name, password):
        self.known = (name, password)

    def get_user(self, _server, username=None, password=None, certificate=None):
        return User(role=UserRole.User, name=username) if (username, password) == self.known else None


async def secured(server, settings):
    certificate, key = Path(settings["certificate"]), Path(settings["key"])
    if not certificate.exists():
        await setup_self_signed_certificate(
            key, certificate, APPLICATION, "127.0.0.1", [ExtendedKeyUsageOID.SERVER_AUTH], {"commonName": "Machine"}
        )
    await server.load_certificate(certificate)
    await server.load_private_key(key)
    kinds = ua.SecurityPolicyType
    server.set_security_policy([kinds.NoSecurity, kinds.Basic256Sha256_SignAndEncrypt, kinds.Aes256Sha256RsaPss_SignAndEncrypt])


async def add_values(server, index):
    machine = await server.nodes.objects.add_object(ua.NodeId("Machine", index), f"{index}:Machine")

    async def add(name, value, kind, writable=False, identifier=None):
        node_id = ua.NodeId(identifier if identifier is not None else name, index)
        node = await machine.add_variable(node_id, f"{index}:{name}", value, varianttype=kind)
        if writable:
            await node.set_writable()
        NAMED[name] = (node, kind)
        HELD[name] = value

    kinds = ua.VariantType
    for name, value, kind in [
        ("Speed", 1480.0, kinds.Double),
        ("Temp", 61.5, kinds.Double),
        ("Seq", 0, kinds.UInt16),
        ("Complement", 65535, kinds.UInt16),
        ("Twenty", 2020, kinds.Int16),
        ("Text", "RUN", kinds.String),
        ("Empty", None, kinds.String),
        ("Profile", [1.0, 2.0, 3.0], kinds.Double),
        ("Born", datetime(2026, 1, 1), kinds.DateTime),
    ]:
        await add(name, value, kind)
    for name, value, kind in [("Set", 0.0, kinds.Double), ("Set16", 0, kinds.Int16), ("SetOn", False, kinds.Boolean), ("Stubborn", 7, kinds.Int32)]:
        await add(name, value, kind, writable=True)
    for kind in "Boolean SByte Byte Int16 UInt16 Int32 UInt32 Int64 UInt64 Float Double".split():
        await add(kind, True if kind == "Boolean" else 1.0 if kind in ("Float", "Double") else 1, kinds[kind])
    await add("ByNumber", 1480.0, kinds.Double, identifier=1001)
    await add("ByGuid", 1480.0, kinds.Double, identifier=UUID("09087e75-8e5e-499b-954f-f2a9603db28a"))
    await add("ByBytes", 1480.0, kinds.Double, identifier=b"speed")


async def put(server, name, value, status=ua.StatusCodes.Good, at=None):
    node, kind = NAMED[name]
    HELD[name] = value
    at = at or datetime.now(timezone.utc)
    value = ua.DataValue(ua.Variant(value, kind), ua.StatusCode(status), SourceTimestamp=at, ServerTimestamp=datetime.now(timezone.utc))
    await server.write_attribute_value(node.nodeid, value)


def count_writes(server):
    names = {node.nodeid: name for name, (node, _kind) in NAMED.items()}

    async def written(event, _service):
        if not event.is_external:
            return
        for write in event.request_params.NodesToWrite:
            name = names.get(write.NodeId)
            WRITES.append([name, write.Value.Value.Value])
            if name == "Stubborn":
                await put(server, "Stubborn", 7)

    server.subscribe_server_callback(CallbackType.PostWrite, written)


async def grow(server):
    number = 0
    while True:
        await asyncio.sleep(0.05)
        number = (number + 1) % 65536
        at = datetime.now(timezone.utc)
        await put(server, "Seq", number, at=at)
        await put(server, "Complement", 65535 - number, at=at)


async def obey(server, order):
    if "status" in order:
        name, code = order["status"]["node"], order["status"]["code"]
        await put(server, name, HELD[name], status=getattr(ua.StatusCodes, code) if isinstance(code, str) else code)
    if "source_time" in order:
        wanted = order["source_time"]
        await put(server, wanted["node"], wanted["value"], at=datetime.fromisoformat(wanted["time"]).replace(tzinfo=timezone.utc))
    print(json.dumps({"writes": WRITES}), flush=True)


async def take_orders(server):
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await obey(server, json.loads(line))


async def main(port, settings):
    login = OnlyOne(settings["user"], settings["password"]) if "user" in settings else None
    server = Server(user_manager=login)
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/plc/")
    await server.set_application_uri(APPLICATION)
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    if "certificate" in settings:
        await secured(server, settings)
    if login:
        server.set_identity_tokens([ua.UserNameIdentityToken])
    for number in range(settings.get("namespaces_before", 0)):
        await server.register_namespace(f"urn:test:other{number}")
    await add_values(server, await server.register_namespace(URI))
    count_writes(server)
    async with server:
        growing = asyncio.create_task(grow(server))
        # Whoever gave the orders is gone when this ends.
        await take_orders(server)
        growing.cancel()


asyncio.run(main(int(sys.argv[1]), json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}))
