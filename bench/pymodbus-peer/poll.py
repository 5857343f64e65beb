"""The peer of `millwright bench polling`: pymodbus' asynchronous client on the same schedule.

python poll.py SECONDS PERIOD_MS < addresses     one host:port/unit a line

Every device is asked for 8 holding registers (4 values as FLOAT32) each period, spread over the period as the collector spreads them.
A poll is late if it begins more than a tenth of the period after it was due; a poll whose time has passed is left out and counted.
Prints one JSON object: polls, late, skipped, failed, p99_ms, cpu_s.
"""

import asyncio
import json
import sys
import time

from pymodbus.client import AsyncModbusTcpClient

WARM_UP = 2.0


class Tally:
    def __init__(self):
        self.polls = self.late = self.skipped = self.failed = 0
        self.lateness = []


async def device(line, place, period, ends, tally):
    address, unit = line.rsplit("/", 1)
    host, port = address.rsplit(":", 1)
    client = AsyncModbusTcpClient(host, port=int(port), timeout=1)
    if not await client.connect():
        tally.failed += 1
        return
    begins = time.monotonic() + WARM_UP
    due = time.monotonic() + place * period
    while due < ends:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        began = time.monotonic()
        answer = await client.read_holding_registers(0, count=8, device_id=int(unit))
        ended = time.monotonic()
        counts = began >= begins
        late_by = began - due
        due += period
        missed = int(max(0.0, ended - due) / period)
        due += missed * period
        if counts:
            tally.polls += 1
            tally.late += late_by > period / 10
            tally.skipped += missed
            tally.failed += answer.isError()
            tally.lateness.append(late_by)
    client.close()


async def main():
    seconds, period = float(sys.argv[1]), float(sys.argv[2]) / 1000
    lines = [line.strip() for line in sys.stdin if line.strip()]
    tally = Tally()
    ends = time.monotonic() + WARM_UP + seconds
    places = ((number * 0.6180339887) % 1.0 for number in range(len(lines)))
    await asyncio.gather(*(device(line, place, period, ends, tally) for line, place in zip(lines, places)))
    tally.lateness.sort()
    p99 = tally.lateness[int(len(tally.lateness) * 0.99)] if tally.lateness else 0.0
    print(
        json.dumps(
            {
                "polls": tally.polls,
                "late": tally.late,
                "skipped": tally.skipped,
                "failed": tally.failed,
                "p99_ms": p99 * 1000,
                "cpu_s": time.process_time(),
            }
        )
    )


asyncio.run(main())
